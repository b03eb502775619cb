"""Networks on windows of an order book.

deeplob, bin_ctabl                  the networks in torch, to be trained
training, checkpoint                how they are trained, and kept between epochs
settings                            how long and how fast
architecture                        what a network's weights fit, and what tells that torch is missing
deeplob_forward, bin_ctabl_forward  the same networks without torch, to predict
forward_kernels                     their compiled loops

Only `deeplob`, `bin_ctabl`, `training` and `checkpoint` import torch, the extra ``deep``, and they are imported where a
network is trained. A prediction needs none, takes less time a row, and is the same bits alone and in a batch, which torch
does not promise.
"""
