"""Compiled loops of sampling, labelling and prediction: no state, no files, one thread, the GIL released."""
