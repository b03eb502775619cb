"""From decisions to chances.

sampling         which moments become decisions
cusum_filter     what a CUSUM filter reads, its running sums, and what it chooses at other thresholds
sample_figures   how many decisions a sample gives, how much their labels overlap, and their classes
labels           what is to be predicted at a decision, on bars; book_labels: on an order book, of three classes
running          how the window of a binary contract that runs at a decision ends
targets          what proxies learn in the label's place
chances          chances of two and of three classes
decision_table   decisions with their features, labels and weights
splits           purged and embargoed splits of time
windows          windows of rows of an order book
experts/         base learners, one file each, cross-fitted
networks/        networks on an order book: trained with torch, predicting without
windows          windows of a book's rows; book_windows: those of each decision, standardised by the past
meta_forest      the random forest over experts and features, calibrated; nested_forest: two of them for three classes
model            experts and forest fitted together
refits           a recipe fitted anew as time passes
artefacts        what is fitted, kept by the hash of what it was fitted on
event_kernels, forest_kernels   their compiled loops
"""
