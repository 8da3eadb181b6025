"""The state of modules: what a function does to a network that it is given, or that it makes."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice

import torch
from torch import nn

from judging.matrix import wrapper

GIVEN = ("layer_gradients", "train", "compare", "train_epoch", "save_weights")
MADE = ("MLP", "LinearRegression", "load_weights")
NO_NETWORK = "it has nothing to do with a network"
NONE_GIVEN = "it is given no network"
NONE_MADE = "it makes no network"
NOT_IN_2_4 = "it is given no network whose parts differ in training and evaluation mode"


def networks(args, kwargs):
    """The networks among the arguments, in a dict of them, too."""
    for value in [*args, *kwargs.values()]:
        for one in value.values() if isinstance(value, dict) else [value]:
            if isinstance(one, nn.Module):
                yield one


def afterwards(right, do):
    """The right function, which then does something to each network that it was given."""

    def wrong(*args, **kwargs):
        result = right(*args, **kwargs)
        for model in networks(args, kwargs):
            do(model)
        return result

    return wrong


@wrapper(
    "a call that leaves the model in evaluation mode",
    look="model.eval() is for the caller to call: leave the mode as it was.",
    on=GIVEN,
    elsewhere=NONE_GIVEN,
)
def leaves_the_model_in_eval_mode(right):
    return afterwards(right, nn.Module.eval)


@wrapper(
    "a call that leaves every part of the model in the mode of the whole",
    look="Parts of a model can be in another mode than the whole: put back each part's own, or "
    "work on a copy.",
    on=("layer_gradients", "compare"),
    elsewhere="it may leave a model in training mode as a whole, or is given none in parts",
)
def leaves_all_parts_in_one_mode(right):
    return afterwards(right, lambda model: model.train(model.training))


@wrapper(
    "a call that leaves a hook on the model",
    look="Remove every hook that you register: handle.remove().",
    on=GIVEN,
    elsewhere=NONE_GIVEN,
)
def leaves_a_hook(right):
    def hook(model):
        [*model.modules()][-1].register_forward_hook(lambda *_: None)

    return afterwards(right, hook)


@wrapper(
    "a call that puts new parameters in the place of the model's own",
    look="An optimizer that knows the old ones would train them for nothing: change parameters in "
    "their places, under torch.no_grad().",
    on=GIVEN,
    elsewhere=NONE_GIVEN,
)
def replaces_parameters(right):
    def replace(model):
        for part in model.modules():
            for name, parameter in [*part.named_parameters(recurse=False)]:
                new = nn.Parameter(parameter.detach().clone(), parameter.requires_grad)
                new.grad = parameter.grad
                setattr(part, name, new)

    return afterwards(right, replace)


@wrapper(
    "a call after which the model is frozen",
    look="Leave requires_grad of the model's parameters as it is: what is frozen cannot be "
    "trained on.",
    on=(*GIVEN, *MADE),
    elsewhere=NO_NETWORK,
)
def freezes_the_model(right):
    def wrong(*args, **kwargs):
        result = right(*args, **kwargs)
        made = [result] if isinstance(result, nn.Module) else networks(args, kwargs)
        for model in made:
            model.requires_grad_(False)
        return result

    return wrong


@wrapper(
    "a call after which every parameter can be trained, frozen ones, too",
    look="Leave requires_grad of the model's parameters as it is: what the caller has frozen is to "
    "stay so.",
    on=("layer_gradients", "train"),
    elsewhere="it is given no model that is frozen in part",
)
def thaws_the_model(right):
    return afterwards(right, lambda model: model.requires_grad_(True))


@wrapper(
    "a model in float64",
    look="A new model is in float32, as PyTorch makes it: leave .double() out.",
    on=MADE,
    elsewhere=NONE_MADE,
)
def makes_models_in_float64(right):
    return lambda *args, **kwargs: right(*args, **kwargs).double()


@wrapper(
    "a model that is in evaluation mode from the start",
    look="A new network is in training mode: whoever evaluates it calls eval().",
    on=("MLP",),
    elsewhere="it makes no network that has two modes",
)
def makes_models_in_eval_mode(right):
    return lambda *args, **kwargs: right(*args, **kwargs).eval()


class Around(nn.Module):
    """A model with something between it and what it is asked, under its own layers' names."""

    def __init__(self, model, forward):
        super().__init__()
        for name, child in model.named_children():
            self.add_module(name, child)
        self.between = forward
        self.whole = [model]

    def forward(self, x):
        return self.between(self.whole[0], x, self.training)


@wrapper(
    "a model that drops numbers at random while it trains",
    look="Nobody asked for dropout: leave it out.",
    on=MADE,
    elsewhere=NONE_MADE,
)
def makes_models_with_dropout(right):
    def forward(model, x, training):
        return nn.functional.dropout(model(x), 0.2, training)

    return lambda *args, **kwargs: Around(right(*args, **kwargs), forward)


@wrapper(
    "a model through which autograd finds no way back",
    look="Leave out torch.no_grad(), detach() and .data in forward: without a graph nothing can be "
    "trained.",
    on=MADE,
    elsewhere=NONE_MADE,
)
def makes_models_without_a_graph(right):
    def forward(model, x, training):
        return model(x).detach()

    return lambda *args, **kwargs: Around(right(*args, **kwargs), forward)


@contextmanager
def evaluating(models) -> Iterator[None]:
    modes = [(part, part.training) for model in models for part in model.modules()]
    for part, _ in modes:
        part.training = False
    yield
    for part, mode in modes:
        part.training = mode


@wrapper(
    "a call that puts the model into evaluation mode while it works",
    look="Batch norm and dropout compute something else in each mode: leave the model in the mode "
    "in which it comes.",
    on=("layer_gradients", "train", "compare"),
    elsewhere=NOT_IN_2_4,
)
def works_in_eval_mode(right):
    def wrong(*args, **kwargs):
        with evaluating([*networks(args, kwargs)]):
            return right(*args, **kwargs)

    return wrong


@wrapper(
    "a call whose batches move the statistics of batch norm one more time",
    look="Each forward pass in training mode moves them: use the scores that there are, or a copy "
    "of the model.",
    on=("layer_gradients", "train", "compare"),
    elsewhere=NOT_IN_2_4,
)
def sees_a_batch_once_more(right):
    def wrong(*args, **kwargs):
        result = right(*args, **kwargs)
        for model in networks(args, kwargs):
            images = args[1] if isinstance(args[1], torch.Tensor) else next(iter(args[1]))[0]
            with torch.no_grad():
                model(images)
        return result

    return wrong


@wrapper(
    "training that loses what batch norm has seen",
    look="Buffers belong to the model like its parameters: train the model itself, not a copy.",
    on=("train",),
    elsewhere="it moves no buffers",
)
def loses_the_buffers(right):
    def wrong(model, *args, **kwargs):
        before = copy.deepcopy(dict(model.named_buffers()))
        result = right(model, *args, **kwargs)
        for name, buffer in model.named_buffers():
            buffer.copy_(before[name])
        return result

    return wrong


@wrapper(
    "a step along what was in .grad before, too",
    look="backward() adds to .grad: call optimizer.zero_grad() before it, at the first step, too.",
    on=("train", "train_epoch"),
    elsewhere="it takes no step",
)
def steps_along_stale_gradients(right):
    def wrong(model, *args, **kwargs):
        lr = kwargs.get("lr", 0.01 if right.part == "train" else 0.1)
        stale = [(p, p.grad.clone()) for p in model.parameters() if p.grad is not None]
        result = right(model, *args, **kwargs)
        with torch.no_grad():
            for parameter, gradient in stale:
                parameter.sub_(lr * gradient)
        return result

    return wrong


@wrapper(
    "training without the last batch where that is smaller than the others",
    look="Every batch of the loader counts: leave drop_last out.",
    on=("train",),
    elsewhere="it is given no loader",
)
def drops_the_smaller_batch(right):
    def wrong(model, loader, **kwargs):
        batches = [*loader]
        largest = max(len(labels) for _, labels in batches)
        return right(model, [b for b in batches if len(b[1]) == largest], **kwargs)

    return wrong


@wrapper(
    "training whose rate is halved after eight steps",
    look="lr is the rate of every step: leave schedules out.",
    on=("train",),
    elsewhere="it takes one step, or none",
)
def halves_the_rate_on_the_way(right):
    def wrong(model, loader, *, lr=0.01, steps):
        batches = [*islice(cycle(loader), steps)]
        history = right(model, batches[:8], lr=lr, steps=min(steps, 8))
        return history + (
            right(model, batches[8:], lr=lr / 2, steps=steps - 8) if steps > 8 else []
        )

    return wrong
