"""2.4 as learners hand it in."""

from catalogue.hand_ins import right, wrong

right(
    "sigmoid against ReLU",
    "2.4",
    differs="the plain way: norms of the weights' gradients, a bar chart for each activation",
    source="""\
# %%
import torch, torch.nn as nn
import matplotlib.pyplot as plt
from torchvision import datasets, transforms
%matplotlib inline
# %%
transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
train_set = datasets.MNIST(root="./data", train=True, download=True, transform=transform)
loader = torch.utils.data.DataLoader(train_set, batch_size=64, shuffle=True)
# %%
def build(act):
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 32), act(), nn.Linear(32, 32), act(),
                         nn.Linear(32, 10))
def gradients(net):
    images, labels = next(iter(loader))
    loss = nn.CrossEntropyLoss()(net(images), labels)
    loss.backward()
    return {n: p.grad.norm().item() for n, p in net.named_parameters() if "weight" in n}
# %%
for act in (nn.Sigmoid, nn.ReLU):
    g = gradients(build(act))
    print(act.__name__, g)
    plt.figure()
    plt.bar(g.keys(), g.values())
    plt.title(act.__name__)
    plt.ylabel("gradient norm")
    plt.show()
""",
)

right(
    "hooks on the layers",
    "2.4",
    differs="hooks take the mean |gradient| at each layer's output; the depth changes",
    source="""\
# %%
import torch
from torch import nn
from torchvision import datasets, transforms
import matplotlib.pyplot as plt
mnist = datasets.MNIST("/content/drive/MyDrive/data", train=True, download=True,
                       transform=transforms.ToTensor())
x, y = next(iter(torch.utils.data.DataLoader(mnist, batch_size=32)))
# %%
class MLP(nn.Module):
    def __init__(self, depth):
        super().__init__()
        sizes = [784] + [20] * depth + [10]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
    def forward(self, x):
        x = x.view(x.size(0), -1)
        for layer in self.layers[:-1]:
            x = torch.sigmoid(layer(x))
        return self.layers[-1](x)
# %%
fig, ax = plt.subplots()
for depth in [2, 5]:
    net = MLP(depth)
    grads = {}
    for i, layer in enumerate(net.layers):
        layer.register_full_backward_hook(
            lambda m, gi, go, i=i: grads.__setitem__(i, go[0].abs().mean().item()))
    nn.functional.cross_entropy(net(x), y).backward()
    ks = sorted(grads)
    ax.plot(ks, [grads[k] for k in ks], "o-", label=f"{depth} hidden layers")
    print(depth, grads)
ax.set_yscale("log"); ax.set_xlabel("layer"); ax.set_ylabel("mean |grad|"); ax.legend()
plt.show()
""",
)

right(
    "a curve for each layer over the batches",
    "2.4",
    differs="trains for some batches with two learning rates; histories in lists; a script",
    script=True,
    source="""\
import torch
import torch.nn as nn
import torchvision
import torchvision.transforms as T
import matplotlib.pyplot as plt


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(28 * 28, 64)
        self.fc2 = nn.Linear(64, 32)
        self.fc3 = nn.Linear(32, 10)

    def forward(self, x):
        x = torch.flatten(x, 1)
        x = torch.tanh(self.fc1(x))
        x = torch.tanh(self.fc2(x))
        return self.fc3(x)


def run(loader, lr):
    torch.manual_seed(0)
    model = Net()
    opt = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    history = {"fc1": [], "fc2": [], "fc3": []}
    for i, (x, y) in enumerate(loader):
        if i == 8:
            break
        opt.zero_grad()
        nn.CrossEntropyLoss()(model(x), y).backward()
        for name in history:
            history[name].append(getattr(model, name).weight.grad.abs().mean().item())
        opt.step()
    return history


if __name__ == "__main__":
    data = torchvision.datasets.MNIST("D:\\\\data", train=True, transform=T.ToTensor())
    loader = torch.utils.data.DataLoader(data, batch_size=32, shuffle=True)
    fig, axes = plt.subplots(1, 2, figsize=(10, 4))
    for ax, lr in zip(axes, [0.01, 0.5]):
        for name, values in run(loader, lr).items():
            ax.plot(values, label=name)
        ax.set_title(f"lr = {lr}")
        ax.set_xlabel("iteration")
        ax.legend()
    plt.savefig("gradients.png")
""",
)

right(
    "two initializations",
    "2.4",
    differs="the standard deviation of the weights changes; grouped bars on a logarithmic scale",
    source="""\
# %% [markdown]
# 2.4 梯度对比
比较不同初始化下各层梯度的大小
# %%
import numpy as np
import torch, torchvision
import matplotlib.pyplot as plt
from torchvision.transforms import Compose, Lambda, ToTensor
tf = Compose([ToTensor(), Lambda(lambda t: t.flatten())])
ds = torchvision.datasets.MNIST(root='data', train=False, download=True, transform=tf)
# %%
def layer_grads(std):
    net = torch.nn.Sequential()
    for k, (i, o) in enumerate([(784, 30), (30, 30), (30, 30), (30, 10)]):
        lin = torch.nn.Linear(i, o)
        torch.nn.init.normal_(lin.weight, std=std)
        torch.nn.init.zeros_(lin.bias)
        net.add_module(f"fc{k}", lin)
        if k < 3:
            net.add_module(f"act{k}", torch.nn.Sigmoid())
    xs = torch.stack([ds[i][0] for i in range(40)])
    ys = torch.tensor([ds[i][1] for i in range(40)])
    torch.nn.functional.cross_entropy(net(xs), ys).backward()
    return [m.weight.grad.pow(2).mean().sqrt().item() for m in net if hasattr(m, "weight")]
small, large = layer_grads(0.01), layer_grads(1.0)
# %%
pos = np.arange(4)
plt.bar(pos - 0.2, small, 0.4, label='std=0.01')
plt.bar(pos + 0.2, large, 0.4, label='std=1')
plt.yscale('log'); plt.xticks(pos, ['fc0', 'fc1', 'fc2', 'fc3']); plt.legend()
plt.show()
""",
)

right(
    "a convolutional network",
    "2.4",
    differs="conv layers, the largest |gradient|, the channels change, one axis for both",
    source="""\
# %%
import torch
import torch.nn as nn
import torch.nn.functional as F
import matplotlib.pyplot as plt
from torchvision.datasets import MNIST
from torchvision import transforms
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
trainset = MNIST('./mnist', train=True, download=True, transform=transforms.ToTensor())
trainloader = torch.utils.data.DataLoader(trainset, batch_size=16, shuffle=True, num_workers=0)
# %%
class CNN(nn.Module):
    def __init__(self, channels):
        super(CNN, self).__init__()
        self.conv1 = nn.Conv2d(1, channels, 5)
        self.conv2 = nn.Conv2d(channels, channels, 5)
        self.fc = nn.Linear(channels * 16, 10)
    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc(x.reshape(x.shape[0], -1))
# %%
result = {}
for channels in (4, 12):
    model = CNN(channels).to(device)
    for inputs, labels in trainloader:
        inputs, labels = inputs.to(device), labels.to(device)
        model.zero_grad()
        F.cross_entropy(model(inputs), labels).backward()
        break
    result[channels] = [layer.weight.grad.abs().max().cpu().item()
                        for layer in (model.conv1, model.conv2, model.fc)]
# %%
for channels, values in result.items():
    plt.plot(['conv1', 'conv2', 'fc'], values, marker='s', label=f'{channels} channels')
plt.legend()
plt.ylabel('max |grad|')
result
""",
)

right(
    "histograms, and norms beside them",
    "2.4",
    differs="a histogram of each layer's gradient and a chart of the norms; batch norm on and off",
    source="""\
# %%
import matplotlib.pyplot as plt
import torch
from torch import nn
from torchvision import datasets, transforms
torch.manual_seed(3407)
dataset = datasets.MNIST('data', download=True, transform=transforms.ToTensor())
batch = [dataset[i] for i in range(64)]
X = torch.stack([b[0] for b in batch])
T = torch.LongTensor([b[1] for b in batch])
# %%
def make(bn):
    layers = [nn.Flatten()]
    for i, o in ((784, 40), (40, 20)):
        layers += [nn.Linear(i, o)] + ([nn.BatchNorm1d(o)] if bn else []) + [nn.Sigmoid()]
    return nn.Sequential(*layers, nn.Linear(20, 10))
for bn in (False, True):
    net = make(bn)
    nn.CrossEntropyLoss()(net(X), T).backward()
    linears = [m for m in net if isinstance(m, nn.Linear)]
    fig, axs = plt.subplots(1, 4, figsize=(12, 3))
    for k, m in enumerate(linears):
        axs[k].hist(m.weight.grad.flatten().numpy(), bins=30)
        axs[k].set_title(f"layer {k + 1}")
    norms = [torch.linalg.norm(m.weight.grad).item() for m in linears]
    axs[3].bar(range(1, 4), norms)
    fig.suptitle(f"batch norm: {bn}")
    plt.show()
    print(bn, norms)
""",
)

HEAD = """\
# %%
import torch
from torch import nn
import matplotlib.pyplot as plt
from torchvision import datasets, transforms
"""

LOADER = """\
train = datasets.MNIST("data", train=True, download=True, transform=transforms.ToTensor())
loader = torch.utils.data.DataLoader(train, batch_size=32, shuffle=True)
"""

NET = """\
# %%
class Net(nn.Module):
    def __init__(self, act):
        super().__init__()
        self.fc1 = nn.Linear(784, 32)
        self.fc2 = nn.Linear(32, 16)
        self.fc3 = nn.Linear(16, 10)
        self.act = act
    def forward(self, x):
        x = x.reshape(len(x), -1)
        x = self.act(self.fc1(x))
        x = self.act(self.fc2(x))
        return self.fc3(x)
"""
"""The cells with which most of the wrong ones begin; what is wrong stands in each itself."""

wrong(
    "FashionMNIST",
    "2.4",
    does="loads FashionMNIST",
    wrong={"2.4 data": "FashionMNIST"},
    source=HEAD
    + """\
train = datasets.FashionMNIST("data", train=True, download=True, transform=transforms.ToTensor())
loader = torch.utils.data.DataLoader(train, batch_size=32, shuffle=True)
"""
    + NET
    + """\
# %%
x, y = next(iter(loader))
for act in (torch.sigmoid, torch.relu):
    net = Net(act)
    nn.CrossEntropyLoss()(net(x), y).backward()
    norms = [l.weight.grad.norm().item() for l in (net.fc1, net.fc2, net.fc3)]
    plt.plot([1, 2, 3], norms, label=act.__name__)
plt.legend()
plt.show()
""",
)

wrong(
    "no transforms",
    "2.4",
    does="takes the pictures out of .data and divides them by 255 itself",
    wrong={"2.4 data": "transform"},
    source=HEAD
    + """\
train = datasets.MNIST("./data", train=True, download=True)
images = train.data[:100].float() / 255
labels = train.targets[:100]
"""
    + NET
    + """\
# %%
for act in (torch.sigmoid, torch.tanh):
    net = Net(act)
    nn.functional.cross_entropy(net(images), labels).backward()
    means = [p.grad.abs().mean().item() for n, p in net.named_parameters() if n.endswith("weight")]
    print(act.__name__, means)
    plt.bar(["fc1", "fc2", "fc3"], means)
    plt.title(act.__name__)
    plt.show()
""",
)

wrong(
    "noise for digits",
    "2.4",
    does="draws random pictures and labels in place of MNIST",
    wrong={"2.4 data": "MNIST"},
    either=("2.4 data",),
    source=HEAD
    + """\
x = torch.randn(64, 1, 28, 28)
y = torch.randint(0, 10, (64,))
"""
    + NET
    + """\
# %%
result = {}
for act in (torch.sigmoid, torch.relu):
    net = Net(act)
    nn.CrossEntropyLoss()(net(x), y).backward()
    result[act.__name__] = [getattr(net, f"fc{i}").weight.grad.norm().item() for i in (1, 2, 3)]
for name, norms in result.items():
    plt.semilogy(norms, marker="o", label=name)
plt.legend()
plt.show()
print(result)
""",
)

wrong(
    "values in place of gradients",
    "2.4",
    does="takes the norm of the weights and calls it the gradient's",
    wrong={"2.4 gradients": "values"},
    disputed=("2.4 picture",),
    source=HEAD
    + LOADER
    + NET
    + """\
# %%
x, y = next(iter(loader))
for act in (torch.sigmoid, torch.relu):
    net = Net(act)
    nn.CrossEntropyLoss()(net(x), y).backward()
    norms = [l.weight.norm().item() for l in (net.fc1, net.fc2, net.fc3)]
    print("gradients of", act.__name__, norms)
    plt.bar([1, 2, 3], norms)
    plt.ylabel("gradient")
    plt.show()
""",
)

wrong(
    "parameters of a loop in place of their gradients",
    "2.4",
    does="collects param.data.abs().mean() under the name grads",
    wrong={"2.4 gradients": "values"},
    disputed=("2.4 picture",),
    script=True,
    source="""\
import torch
from torch import nn
import matplotlib.pyplot as plt
from torchvision import datasets, transforms

ds = datasets.MNIST("~/data", train=True, download=True, transform=transforms.ToTensor())
loader = torch.utils.data.DataLoader(ds, batch_size=64)


def experiment(hidden):
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, hidden), nn.ReLU(), nn.Linear(hidden, 10))
    sgd = torch.optim.SGD(model.parameters(), lr=0.1)
    grads = {"1.weight": [], "3.weight": []}
    for i, (x, y) in enumerate(loader):
        if i == 5:
            break
        sgd.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        sgd.step()
        for name, param in model.named_parameters():
            if name in grads:
                grads[name].append(param.data.abs().mean().item())
    return grads


for hidden in (16, 64):
    for name, values in experiment(hidden).items():
        plt.plot(values, label=f"{name}, {hidden} units")
plt.legend()
plt.savefig("grads.png")
""",
)

wrong(
    "gradients read after they were zeroed",
    "2.4",
    does="clears the gradients between backward and reading them",
    wrong={"2.4 gradients": "zero"},
    disputed=("2.4 picture",),
    source=HEAD
    + LOADER
    + NET
    + """\
# %%
x, y = next(iter(loader))
for act in (torch.sigmoid, torch.relu):
    net = Net(act)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    loss = nn.CrossEntropyLoss()(net(x), y)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=False)
    norms = [l.weight.grad.norm().item() for l in (net.fc1, net.fc2, net.fc3)]
    print(act.__name__, norms)
    plt.bar(["fc1", "fc2", "fc3"], norms)
    plt.show()
""",
)

wrong(
    "gradients before backward",
    "2.4",
    does="reads .grad before backward and takes None for 0",
    wrong={"2.4 gradients": ""},
    either=("2.4 gradients",),
    disputed=("2.4 picture",),
    source=HEAD
    + LOADER
    + NET
    + """\
# %%
x, y = next(iter(loader))
for act in (torch.sigmoid, torch.relu):
    net = Net(act)
    loss = nn.CrossEntropyLoss()(net(x), y)
    grads = [0.0 if p.grad is None else p.grad.norm().item() for p in net.parameters()]
    loss.backward()
    plt.plot(grads, label=act.__name__)
plt.legend()
plt.show()
""",
)

wrong(
    "one layer only",
    "2.4",
    does="looks at the first layer and at no other",
    wrong={"2.4 gradients": "layer", "2.4 picture": ""},
    source=HEAD
    + LOADER
    + NET
    + """\
# %%
for act in (torch.sigmoid, torch.relu):
    net = Net(act)
    history = []
    for i, (x, y) in enumerate(loader):
        if i == 5:
            break
        net.zero_grad()
        nn.CrossEntropyLoss()(net(x), y).backward()
        history.append(net.fc1.weight.grad.norm().item())
    plt.plot(history, label=act.__name__)
plt.legend()
plt.show()
""",
)

wrong(
    "one setting only",
    "2.4",
    does="runs one network once",
    wrong={"2.4 changes": ""},
    either=("2.4 changes",),
    source=HEAD
    + LOADER
    + NET
    + """\
# %%
net = Net(torch.sigmoid)
x, y = next(iter(loader))
loss = nn.CrossEntropyLoss()(net(x), y)
loss.backward()
names, norms = [], []
for name, p in net.named_parameters():
    if "weight" in name:
        names.append(name)
        norms.append(p.grad.norm().item())
        print(name, norms[-1])
plt.bar(names, norms)
plt.show()
""",
)

wrong(
    "one setting, in a training loop",
    "2.4",
    does="follows the layers of one network through ten batches",
    wrong={"2.4 changes": ""},
    either=("2.4 changes",),
    script=True,
    source="""\
import torch
import torch.nn as nn
import torchvision
from torchvision import transforms
import matplotlib.pyplot as plt

trans = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
mnist_train = torchvision.datasets.MNIST(root="data", train=True, transform=trans, download=True)
train_iter = torch.utils.data.DataLoader(mnist_train, batch_size=32, shuffle=True)
net = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.Sigmoid(), nn.Linear(64, 10))
updater = torch.optim.SGD(net.parameters(), lr=0.1)
first, last = [], []
for step, (X, y) in enumerate(train_iter):
    if step >= 10:
        break
    updater.zero_grad()
    nn.functional.cross_entropy(net(X), y).backward()
    first.append(net[1].weight.grad.abs().mean().item())
    last.append(net[3].weight.grad.abs().mean().item())
    updater.step()
plt.plot(first, label="first layer")
plt.plot(last, label="last layer")
plt.legend()
plt.show()
""",
)

wrong(
    "no picture",
    "2.4",
    does="prints the norms and draws nothing",
    wrong={},
    missing=("2.4 picture",),
    source=HEAD
    + LOADER
    + NET
    + """\
# %%
x, y = next(iter(loader))
for act in (torch.sigmoid, torch.relu):
    net = Net(act)
    nn.CrossEntropyLoss()(net(x), y).backward()
    for name, layer in net.named_children():
        print(act.__name__, name, layer.weight.grad.norm().item())
""",
)

wrong(
    "the losses in the picture",
    "2.4",
    does="prints the gradients' norms and draws the loss",
    wrong={"2.4 picture": ""},
    either=("2.4 picture",),
    source=HEAD
    + LOADER
    + NET
    + """\
# %%
for lr in (0.01, 0.5):
    net = Net(torch.tanh)
    opt = torch.optim.SGD(net.parameters(), lr=lr)
    losses = []
    for i, (x, y) in enumerate(loader):
        if i == 6:
            break
        opt.zero_grad()
        loss = nn.CrossEntropyLoss()(net(x), y)
        loss.backward()
        opt.step()
        losses.append(loss.item())
    print(lr, [l.weight.grad.norm().item() for l in (net.fc1, net.fc2, net.fc3)])
    plt.plot(losses, label=f"lr={lr}")
plt.title("gradient comparison")
plt.legend()
plt.show()
""",
)

wrong(
    "the digits in the picture",
    "2.4",
    does="shows a few digits, and the norms as text",
    wrong={"2.4 picture": ""},
    either=("2.4 picture",),
    source=HEAD
    + LOADER
    + NET
    + """\
# %%
x, y = next(iter(loader))
fig, axes = plt.subplots(1, 4)
for k in range(4):
    axes[k].imshow(x[k, 0], cmap="gray")
    axes[k].set_title(y[k].item())
plt.show()
# %%
for act in (torch.sigmoid, torch.relu):
    net = Net(act)
    nn.CrossEntropyLoss()(net(x), y).backward()
    print(act.__name__, [p.grad.abs().mean().item() for p in net.parameters() if p.dim() == 2])
""",
)

wrong(
    "numbers for the picture typed in",
    "2.4",
    does="draws bars of numbers that were copied from an earlier run",
    wrong={"2.4 picture": ""},
    source=HEAD
    + LOADER
    + NET
    + """\
# %%
x, y = next(iter(loader))
for act in (torch.sigmoid, torch.relu):
    net = Net(act)
    nn.CrossEntropyLoss()(net(x), y).backward()
    print(act.__name__, [l.weight.grad.norm().item() for l in (net.fc1, net.fc2, net.fc3)])
# %%
plt.bar(["fc1", "fc2", "fc3"], [0.0312, 0.1189, 0.8754])
plt.title("Gradient norm of each layer")
plt.show()
""",
)

wrong(
    "the same setting twice",
    "2.4",
    does="compares two networks that are built and fed alike",
    wrong={"2.4 changes": ""},
    either=("2.4 changes",),
    source=HEAD
    + LOADER
    + NET
    + """\
# %%
x, y = next(iter(loader))
for title in ("model 1", "model 2"):
    torch.manual_seed(0)
    net = Net(torch.sigmoid)
    nn.CrossEntropyLoss()(net(x), y).backward()
    norms = [l.weight.grad.norm().item() for l in (net.fc1, net.fc2, net.fc3)]
    plt.plot(["fc1", "fc2", "fc3"], norms, label=title)
plt.legend()
plt.show()
""",
)
