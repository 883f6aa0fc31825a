"""Neural nets as solutions train them: one loop for every kind. Imports torch: import it inside functions only.

begin(ctx)                                            seed, threads; the device. Before a net is made
train(net, n, batch, loss, schedule, ctx)             AdamW on a schedule that ends in time; returns notes
apply(net, n, batch, forward, ctx, batch_size)        float32 outputs of all rows
short_products(device)                                bfloat16 inside large matrix products, on a CPU that has them
weights_of(net), restore(net, weights)                so that a model pickles as numpy, whatever the device
halved(net, without), restore_halved(net, weights)    the same in half the space, frozen parts left out
"""

from podium.recipes.neural.device import autocast, begin, pick_device, short_products
from podium.recipes.neural.loop import train
from podium.recipes.neural.predict import apply
from podium.recipes.neural.schedule import Schedule
from podium.recipes.neural.weights import halved, restore, restore_halved, weights_of

__all__ = [
    "Schedule",
    "apply",
    "autocast",
    "begin",
    "halved",
    "pick_device",
    "restore",
    "restore_halved",
    "short_products",
    "train",
    "weights_of",
]
