"""The loops of a forward pass that numpy has no call for."""

import math

import numpy as np
from numba import njit
from numpy import float32
from numpy.typing import NDArray

Floats = NDArray[float32]


@njit(cache=True, nogil=True)
def sum_taps(products: Floats, bias: Floats, slope: float32, out: Floats) -> None:
    """Add up a convolution over time from each row's product with each tap, and pass it through a leaky ReLU.

    Parameters
    ----------
    products : ndarray of float32, shape (steps + taps - 1, width, taps, channels)
        Of padded rows.
    bias : ndarray of float32, shape (channels,)
    slope : float32
        Of the leaky ReLU below zero.
    out : ndarray of float32, shape (steps, width, channels)
    """
    for t in range(out.shape[0]):
        for w in range(out.shape[1]):
            row = out[t, w]
            row[:] = bias
            for tap in range(products.shape[2]):
                for channel in range(len(row)):
                    row[channel] += products[t + tap, w, tap, channel]
            for channel in range(len(row)):
                row[channel] = max(row[channel], slope * row[channel])


@njit(cache=True, nogil=True)
def run_lstm(gates: Floats, recurrent: Floats) -> Floats:
    """Compute the last hidden state of an LSTM.

    Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000.

    Parameters
    ----------
    gates : ndarray of float32, shape (steps, 4 * hidden)
        What input and biases give the input, forget, cell and output gates of each step.
    recurrent : ndarray of float32, shape (hidden, 4 * hidden)

    Returns
    -------
    ndarray of float32, shape (hidden,)
    """
    n, one = len(recurrent), float32(1)
    hidden, cell, z = np.zeros(n, float32), np.zeros(n, float32), np.empty(4 * n, float32)
    for t in range(len(gates)):
        z[:] = gates[t]
        for i in range(n):
            state = hidden[i]
            for k in range(4 * n):
                z[k] += state * recurrent[i, k]
        for k in range(n):
            let_in = one / (one + math.exp(-z[k]))
            keep = one / (one + math.exp(-z[n + k]))
            give = one / (one + math.exp(-z[3 * n + k]))
            cell[k] = keep * cell[k] + let_in * math.tanh(z[2 * n + k])
            hidden[k] = give * math.tanh(cell[k])
    return hidden
