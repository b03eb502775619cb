"""The feature language: causal expressions over series, turned into columns.

grammar       text to a checked expression; tokens cuts it into words, nodes is the tree
expression    what can be known of an expression without data; frequency: which rows it lives on
operators     what each operator declares, pure; signature: in which form; synonyms: what the field calls it
compute       what each operator does; kernels: compiled loops that several share
columns       expressions on the rows of a partition; time_axis: those rows; keys: under which key they are cached
gap_runs      an indicator run anew after each gap
recipes       features to start from

Others import `parse`, `Expression`, `Columns`, `OPERATORS` and `RECIPES` from these files; importing grammar, expression
and operators imports no numpy.
"""
