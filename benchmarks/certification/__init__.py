"""The parts of benchmarks/false_certification.py: drawn markets, an agent that searches hard, and rules that certify."""
