"""The feature language: grammar, operators, kernels, columns, recipes."""
