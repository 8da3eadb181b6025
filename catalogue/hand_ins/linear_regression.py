"""2.5 as learners hand it in."""

from catalogue.hand_ins import right, wrong

right(
    "one epoch",
    "2.5",
    differs="the plain way: one step, then the weights in a .pth",
    source="""\
# %%
import torch
import torch.nn as nn
class LinearRegression(nn.Module):
    def __init__(self):
        super(LinearRegression, self).__init__()
        self.linear = nn.Linear(1, 1)
    def forward(self, x):
        return self.linear(x)
# %%
x = torch.randn(100, 1)
y = 3 * x + 2 + 0.1 * torch.randn(100, 1)
model = LinearRegression()
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
# %%
output = model(x)
loss = criterion(output, y)
optimizer.zero_grad()
loss.backward()
optimizer.step()
print("loss:", loss.item())
torch.save(model.state_dict(), "linear.pth")
# %%
new_model = LinearRegression()
new_model.load_state_dict(torch.load("linear.pth"))
test = torch.tensor([[1.0], [2.0], [3.0]])
print(new_model(test))
""",
)

right(
    "many epochs and a curve of the loss",
    "2.5",
    differs="a loop with a history and a figure; zero_grad stands at its end",
    source="""\
# %%
%matplotlib inline
import torch
from torch import nn, optim
import torch.nn.functional as F
import matplotlib.pyplot as plt
torch.manual_seed(0)
# %%
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(in_features=1, out_features=1, bias=True)
    def forward(self, x):
        return self.fc(x)
net = Net()
X = torch.linspace(0, 1, 50).unsqueeze(1)
Y = 2 * X - 1 + torch.rand(50, 1) * 0.2
opt = optim.SGD(net.parameters(), lr=0.1)
losses = []
for epoch in range(50):
    loss = F.mse_loss(net(X), Y)
    loss.backward()
    opt.step()
    opt.zero_grad()
    losses.append(loss.item())
plt.plot(losses)
plt.xlabel("epoch")
plt.show()
# %%
torch.save(net.state_dict(), "net.pt")
net2 = Net()
net2.load_state_dict(torch.load("net.pt"))
net2.eval()
with torch.no_grad():
    pred = net2(X[:5])
pred
""",
)

right(
    "a DataLoader with mini-batches",
    "2.5",
    differs="a script with functions, TensorDataset, batches of 16, os.path",
    script=True,
    source="""\
import os
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class LinearModel(nn.Module):
    def __init__(self, input_dim=1, output_dim=1):
        super().__init__()
        self.layer = nn.Linear(input_dim, output_dim)

    def forward(self, inputs):
        return self.layer(inputs)


def train(model, loader, epochs=3, lr=0.05):
    loss_fn = nn.MSELoss()
    sgd = torch.optim.SGD(model.parameters(), lr=lr)
    for epoch in range(epochs):
        total = 0.0
        for xb, yb in loader:
            sgd.zero_grad()
            loss = loss_fn(model(xb), yb)
            loss.backward()
            sgd.step()
            total += loss.item()
        print(f"epoch {epoch + 1}: {total / len(loader):.4f}")


if __name__ == "__main__":
    x = torch.rand(64, 1) * 10
    y = 1.5 * x + 4
    model = LinearModel()
    train(model, DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True), lr=0.001)
    os.makedirs("checkpoints", exist_ok=True)
    path = os.path.join("checkpoints", "weights.pth")
    torch.save(model.state_dict(), path)
    loaded = LinearModel()
    loaded.load_state_dict(torch.load(path))
    print("prediction for 5:", loaded(torch.tensor([[5.0]])).item())
""",
)

right(
    "momentum and a checkpoint",
    "2.5",
    differs="SGD with momentum; the weights lie in a dict beside the optimizer's state",
    source="""\
# %%
import torch, torch.nn as nn
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
class SimpleLinear(nn.Module):
    def __init__(self):
        nn.Module.__init__(self)
        self.l1 = nn.Linear(1, 1, bias=True)
    def forward(self, x):
        out = self.l1(x)
        return out
# %%
model = SimpleLinear().to(device)
data = torch.randn(32, 1).to(device)
label = torch.randn(32, 1).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-2, momentum=0.9)
for i in range(10):
    optimizer.zero_grad()
    loss = nn.MSELoss()(model(data), label)
    loss.backward()
    optimizer.step()
torch.save({'epoch': 10, 'model_state_dict': model.state_dict(),
            'optimizer_state_dict': optimizer.state_dict(), 'loss': loss.item()}, 'ckpt.tar')
# %%
ckpt = torch.load('ckpt.tar', map_location=device)
model_new = SimpleLinear().to(device)
model_new.load_state_dict(ckpt['model_state_dict'])
for name, p in model_new.named_parameters():
    print(name, p.data)
print(model_new(data[:4]))
""",
)

right(
    "the squared error by hand, float64, pathlib",
    "2.5",
    differs="the mean of the squares by hand, doubles, a pathlib path, numpy for the data",
    source="""\
# %%
from pathlib import Path
import numpy as np
import torch
rng = np.random.default_rng(7)
xs = rng.uniform(-1, 1, size=(40, 1))
ys = -2.0 * xs + 0.5 + rng.normal(scale=0.05, size=(40, 1))
xs, ys = torch.from_numpy(xs), torch.from_numpy(ys)
# %%
class Regressor(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.net = torch.nn.Sequential(torch.nn.Linear(1, 1))
    def forward(self, x):
        return self.net(x)
reg = Regressor().double()
sgd = torch.optim.SGD(reg.parameters(), lr=0.1)
sgd.zero_grad()
mse = ((reg(xs) - ys) ** 2).mean()
mse.backward()
sgd.step()
# %%
file = Path("models") / "reg.pt"
file.parent.mkdir(exist_ok=True)
torch.save(reg.state_dict(), file)
# %%
reg2 = Regressor().double()
reg2.load_state_dict(torch.load(file))
print(reg2(xs).detach().numpy()[:5])
""",
)

right(
    "a folder in the cloud",
    "2.5",
    differs="saves to Google Drive; weights printed before and after; assert at the end",
    source="""\
# %%
from google.colab import drive
drive.mount('/content/drive')
# %%
import torch
import torch.nn as nn
class LR(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)
    def forward(self, x):
        return self.linear(x)
# %%
m = LR()
x, y = torch.rand(20, 1), torch.rand(20, 1)
opt = torch.optim.SGD(m.parameters(), 0.1)
print("before:", m.linear.weight.item(), m.linear.bias.item())
loss = nn.MSELoss()(m(x), y); loss.backward(); opt.step()
print("after:", m.linear.weight.item(), m.linear.bias.item())
# %%
PATH = '/content/drive/MyDrive/lr.pth'
torch.save(m.state_dict(), PATH)
m2 = LR()
m2.load_state_dict(torch.load(PATH))
print("new model:", m2(torch.Tensor([[0.5]])))
assert torch.equal(m(x), m2(x))
""",
)

right(
    "a picture of the line, and a prediction",
    "2.5",
    differs="squeezed targets, a scatter plot with the loaded model's line",
    script=True,
    source="""\
import torch
import matplotlib.pyplot as plt


class Linear_Regression(torch.nn.Module):
    def __init__(self):
        super(Linear_Regression, self).__init__()
        self.fc1 = torch.nn.Linear(1, 1)

    def forward(self, x):
        y = self.fc1(x)
        return y.squeeze(-1)


x = torch.unsqueeze(torch.linspace(-1, 1, 30), dim=1)
y = 0.7 * x.squeeze() + torch.randn(30) * 0.1
model = Linear_Regression()
loss_function = torch.nn.MSELoss(reduction="mean")
optimizer = torch.optim.SGD(params=model.parameters(), lr=0.2)
for t in range(20):
    prediction = model(x)
    loss = loss_function(prediction, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
torch.save(model.state_dict(), "./params.pkl")
model_2 = Linear_Regression()
model_2.load_state_dict(torch.load("./params.pkl"))
new_y = model_2(x)
plt.scatter(x.numpy(), y.numpy())
plt.plot(x.numpy(), new_y.data.numpy(), "r-", lw=3)
plt.savefig("line.png")
print(new_y)
""",
)

wrong(
    "step never called",
    "2.5",
    does="calls backward, but never optimizer.step()",
    wrong={"2.5 step": "step"},
    either=("2.5 step",),
    disputed=("2.5 save",),
    source="""\
# %%
import torch
from torch import nn
class LinearRegression(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)
    def forward(self, x):
        return self.linear(x)
model = LinearRegression()
x = torch.randn(50, 1); y = 2 * x + 1
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for epoch in range(5):
    optimizer.zero_grad()
    loss = nn.MSELoss()(model(x), y)
    loss.backward()
torch.save(model.state_dict(), "model.pth")
new = LinearRegression()
new.load_state_dict(torch.load("model.pth"))
print(new(x[:3]))
""",
)

wrong(
    "step without parentheses",
    "2.5",
    does="writes optimizer.step, which calls nothing",
    wrong={"2.5 step": "step"},
    either=("2.5 step",),
    disputed=("2.5 save",),
    script=True,
    source="""\
import torch
import torch.nn as nn


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1, 1)

    def forward(self, x):
        return self.fc(x)


x = torch.rand(10, 1)
y = torch.rand(10, 1)
net = Model()
sgd = torch.optim.SGD(net.parameters(), lr=0.1)
loss = nn.functional.mse_loss(net(x), y)
loss.backward()
sgd.step
torch.save(net.state_dict(), "net.pth")
net2 = Model()
net2.load_state_dict(torch.load("net.pth"))
print(net2(x))
""",
)

wrong(
    "zero_grad forgotten",
    "2.5",
    does="never clears the gradients in its loop",
    wrong={"2.5 step": "zero_grad"},
    source="""\
# %%
import torch
import torch.nn as nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)
    def forward(self, x):
        return self.linear(x)
net = Net()
x = torch.randn(64, 1)
y = 5 * x - 3 + torch.randn(64, 1) * 0.1
opt = torch.optim.SGD(net.parameters(), lr=0.01)
loss_fn = nn.MSELoss()
for epoch in range(20):
    loss = loss_fn(net(x), y)
    loss.backward()
    opt.step()
    if epoch % 5 == 0:
        print(epoch, loss.item())
# %%
torch.save(net.state_dict(), "w.pt")
other = Net()
other.load_state_dict(torch.load("w.pt"))
other(torch.tensor([[4.0]]))
""",
)

wrong(
    "zero_grad without parentheses",
    "2.5",
    does="writes optimizer.zero_grad, which calls nothing",
    wrong={"2.5 step": "zero_grad"},
    script=True,
    source="""\
import torch
from torch import nn, optim

class LinearNet(nn.Module):
    def __init__(self):
        super(LinearNet, self).__init__()
        self.l = nn.Linear(1, 1)
    def forward(self, x):
        return self.l(x)

def main():
    x = torch.rand(30, 1)
    y = x * 4 + 1
    model = LinearNet()
    optimizer = optim.SGD(model.parameters(), lr=0.05)
    for _ in range(10):
        optimizer.zero_grad
        loss = nn.MSELoss()(model(x), y)
        loss.backward()
        optimizer.step()
    torch.save(model.state_dict(), "linear_net.pth")
    model2 = LinearNet()
    model2.load_state_dict(torch.load("linear_net.pth"))
    model2.eval()
    print("predict:", model2(torch.tensor([[2.0], [3.0]])))

main()
""",
)

wrong(
    "Adam",
    "2.5",
    does="uses Adam in place of SGD",
    wrong={"2.5 step": "Adam"},
    source="""\
# %%
import torch
from torch import nn
class LinReg(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)
    def forward(self, x):
        return self.linear(x)
# %%
x = torch.randn(100, 1)
y = 3 * x + 0.5
model = LinReg()
optim = torch.optim.Adam(model.parameters(), lr=0.01)
crit = nn.MSELoss()
for e in range(10):
    optim.zero_grad()
    l = crit(model(x), y)
    l.backward()
    optim.step()
# %%
torch.save(model.state_dict(), 'model.pt')
m2 = LinReg()
m2.load_state_dict(torch.load('model.pt'))
print(m2(x[:10]))
""",
)

wrong(
    "L1",
    "2.5",
    does="takes the mean of the absolute errors",
    wrong={"2.5 step": "absolute"},
    source="""\
# %%
import torch
from torch import nn
class LinReg(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)
    def forward(self, x):
        return self.linear(x)
x = torch.randn(100, 1)
y = 3 * x + 0.5
model = LinReg()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
loss = nn.L1Loss()(model(x), y)
optimizer.zero_grad()
loss.backward()
optimizer.step()
torch.save(model.state_dict(), 'model.pt')
m2 = LinReg()
m2.load_state_dict(torch.load('model.pt'))
print(m2(x[:10]))
""",
)

wrong(
    "a sum for the mean",
    "2.5",
    does="adds the squared errors up and does not divide",
    wrong={"2.5 step": "sum"},
    script=True,
    source="""\
import torch

class Linear(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(1, 1)

    def forward(self, x):
        return self.linear(x)

x = torch.randn(8, 1)
y = x + 1
model = Linear()
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
for epoch in range(5):
    loss = torch.sum((model(x) - y) ** 2)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print("epoch", epoch, "loss", loss.item())
torch.save(model.state_dict(), "a.pth")
model_b = Linear()
model_b.load_state_dict(torch.load("a.pth"))
print(model_b(torch.randn(4, 1)))
""",
)

wrong(
    "hidden layers",
    "2.5",
    does="builds a network with a hidden layer of ten units",
    wrong={"2.5 model": ""},
    source="""\
# %%
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(1, 10)
        self.predict = nn.Linear(10, 1)
    def forward(self, x):
        x = torch.relu(self.hidden(x))
        return self.predict(x)
net = Net()
print(net)
x = torch.linspace(-1, 1, 100).reshape(-1, 1)
y = 2 * x + 0.2 * torch.rand(x.size())
optimizer = torch.optim.SGD(net.parameters(), lr=0.2)
for t in range(10):
    loss = nn.MSELoss()(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
torch.save(net.state_dict(), 'net_params.pkl')
net3 = Net()
net3.load_state_dict(torch.load('net_params.pkl'))
print(net3(x[:5]))
""",
)

wrong(
    "an activation after the layer",
    "2.5",
    does="puts a ReLU behind the linear layer, so that no output is negative",
    wrong={"2.5 model": ""},
    source="""\
# %%
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, 1), nn.ReLU())
    def forward(self, x):
        return self.net(x)
net = Net()
nn.init.constant_(net.net[0].bias, 1.0)
x = torch.rand(20, 1)
y = 2 * x + 1
opt = torch.optim.SGD(net.parameters(), lr=0.1)
opt.zero_grad()
nn.functional.mse_loss(net(x), y).backward()
opt.step()
torch.save(net.state_dict(), 'm.pth')
# %%
net2 = Net()
net2.load_state_dict(torch.load('m.pth'))
net2(x[:4])
""",
)

wrong(
    "no class of its own",
    "2.5",
    does="uses nn.Linear directly and writes no class",
    wrong={"2.5 model": "class"},
    either=("2.5 model",),
    source="""\
# %%
import torch
import torch.nn as nn
model = nn.Linear(1, 1)
x = torch.randn(10, 1)
y = torch.randn(10, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
loss = nn.MSELoss()(model(x), y)
loss.backward()
optimizer.step()
torch.save(model.state_dict(), "linear.pth")
model2 = nn.Linear(1, 1)
model2.load_state_dict(torch.load("linear.pth"))
print(model2(x))
""",
)

wrong(
    "three inputs",
    "2.5",
    does="makes nn.Linear(3, 1), three inputs where one is asked for",
    wrong={"2.5 model": "Linear(1, 1)"},
    script=True,
    source="""\
import torch
import torch.nn as nn

class LinearRegressionModel(nn.Module):
    def __init__(self, n_in):
        super().__init__()
        self.linear = nn.Linear(n_in, 1)
    def forward(self, x):
        return self.linear(x)

X = torch.randn(100, 3)
y = X @ torch.tensor([[1.0], [2.0], [3.0]])
model = LinearRegressionModel(3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
optimizer.zero_grad()
loss = nn.MSELoss()(model(X), y)
loss.backward()
optimizer.step()
torch.save(model.state_dict(), "model_weights.pth")
model_new = LinearRegressionModel(3)
model_new.load_state_dict(torch.load("model_weights.pth"))
print(model_new(torch.randn(2, 3)))
""",
)

wrong(
    "parameters by hand",
    "2.5",
    does="has w and b as nn.Parameter and no nn.Linear",
    wrong={"2.5 model": "Linear"},
    source="""\
# %%
import torch
from torch import nn
class LinearRegression(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(1))
        self.b = nn.Parameter(torch.zeros(1))
    def forward(self, x):
        return self.w * x + self.b
model = LinearRegression()
x = torch.randn(20, 1)
y = 4 * x
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loss = nn.MSELoss()(model(x), y)
loss.backward()
optimizer.step()
torch.save(model.state_dict(), "params.pt")
again = LinearRegression()
again.load_state_dict(torch.load("params.pt"))
again(x)
""",
)

wrong(
    "nothing loaded",
    "2.5",
    does="makes a new model and applies it as it was born",
    wrong={"2.5 load": "", "2.5 apply": ""},
    either=("2.5 load", "2.5 apply"),
    source="""\
# %%
import torch
from torch import nn
class LinearRegression(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)
    def forward(self, x):
        return self.linear(x)
model = LinearRegression()
x = torch.rand(20, 1); y = 2 * x
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loss = nn.MSELoss()(model(x), y)
loss.backward()
optimizer.step()
# %%
torch.save(model.state_dict(), "weights.pth")
# %%
new_model = LinearRegression()
print(new_model(torch.tensor([[3.0]])))
""",
)

wrong(
    "loaded from the file and then left there",
    "2.5",
    does="calls torch.load, but gives the result to no model",
    wrong={"2.5 load": "load_state_dict", "2.5 apply": ""},
    either=("2.5 load", "2.5 apply"),
    script=True,
    source="""\
import torch
import torch.nn as nn

class Reg(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(1, 1)
    def forward(self, x):
        return self.lin(x)

r = Reg()
x = torch.randn(16, 1)
t = torch.randn(16, 1)
o = torch.optim.SGD(r.parameters(), lr=0.1)
l = ((r(x) - t) ** 2).mean()
o.zero_grad()
l.backward()
o.step()
torch.save(r.state_dict(), "reg.pth")
r2 = Reg()
state = torch.load("reg.pth")
print("weights:", state)
print("output:", r2(x))
""",
)

wrong(
    "the old model applied",
    "2.5",
    does="loads the weights into a new model and applies the old one",
    wrong={"2.5 apply": "old"},
    either=("2.5 apply",),
    source="""\
# %%
import torch
from torch import nn
class LinearRegression(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)
    def forward(self, x):
        return self.linear(x)
model = LinearRegression()
x = torch.rand(20, 1); y = 2 * x
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loss = nn.MSELoss()(model(x), y)
loss.backward()
optimizer.step()
torch.save(model.state_dict(), "weights.pth")
# %%
new_model = LinearRegression()
new_model.load_state_dict(torch.load("weights.pth"))
# %%
model.eval()
print(model(torch.tensor([[1.0], [2.0]])))
""",
)

wrong(
    "the whole model saved",
    "2.5",
    does="saves the module itself and takes its state dict out when it has loaded it",
    wrong={"2.5 save": "whole"},
    source="""\
# %%
import torch
from torch import nn
class LinearRegression(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)
    def forward(self, x):
        return self.linear(x)
model = LinearRegression()
x = torch.rand(20, 1); y = 2 * x
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loss = nn.MSELoss()(model(x), y)
loss.backward()
optimizer.step()
torch.save(model, "model.pth")
# %%
saved = torch.load("model.pth", weights_only=False)
new_model = LinearRegression()
new_model.load_state_dict(saved.state_dict())
print(new_model(torch.tensor([[1.0], [2.0]])))
""",
)

wrong(
    "saved before training",
    "2.5",
    does="saves the weights of the untrained model",
    wrong={"2.5 save": "before"},
    source="""\
# %%
import torch
from torch import nn
class LinearRegression(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)
    def forward(self, x):
        return self.linear(x)
# %%
model = LinearRegression()
torch.save(model.state_dict(), "weights.pth")
# %%
x = torch.rand(20, 1); y = 2 * x
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for i in range(3):
    optimizer.zero_grad()
    loss = nn.MSELoss()(model(x), y)
    loss.backward()
    optimizer.step()
# %%
new_model = LinearRegression()
new_model.load_state_dict(torch.load("weights.pth"))
new_model(torch.tensor([[1.0]]))
""",
)

wrong(
    "no file",
    "2.5",
    does="hands the state dict from one model to the other and saves nothing",
    wrong={"2.5 load": ""},
    either=("2.5 load",),
    missing=("2.5 save",),
    disputed=("2.5 apply",),
    source="""\
# %%
import torch
from torch import nn
class LinearRegression(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)
    def forward(self, x):
        return self.linear(x)
model = LinearRegression()
x = torch.rand(20, 1); y = 2 * x
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loss = nn.MSELoss()(model(x), y)
loss.backward()
optimizer.step()
weights = model.state_dict()
new_model = LinearRegression()
new_model.load_state_dict(weights)
print(new_model(torch.tensor([[1.0]])))
""",
)

wrong(
    "a prediction that nobody sees",
    "2.5",
    does="applies the loaded model and shows nothing of what it returns",
    wrong={"2.5 apply": "shown"},
    either=("2.5 apply",),
    script=True,
    source="""\
import torch
from torch import nn

class LinearRegression(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)

    def forward(self, x):
        return self.linear(x)

model = LinearRegression()
x = torch.rand(20, 1)
y = 2 * x
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loss = nn.MSELoss()(model(x), y)
print("loss", loss.item())
loss.backward()
optimizer.step()
torch.save(model.state_dict(), "weights.pth")
new_model = LinearRegression()
new_model.load_state_dict(torch.load("weights.pth"))
prediction = new_model(torch.rand(5, 1))
print("done")
""",
)

wrong(
    "labels without a second dimension",
    "2.5",
    does="compares (64, 1) with (64,), which broadcasts to (64, 64)",
    wrong={"2.5 step": "broadcast"},
    source="""\
# %%
import torch
from torch import nn
class LinearRegression(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)
    def forward(self, x):
        return self.linear(x)
x = torch.rand(64)
y = 3 * x + 1
model = LinearRegression()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(5):
    optimizer.zero_grad()
    loss = ((model(x.unsqueeze(1)) - y) ** 2).mean()
    loss.backward()
    optimizer.step()
torch.save(model.state_dict(), "model.pth")
model2 = LinearRegression()
model2.load_state_dict(torch.load("model.pth"))
print(model2(torch.tensor([[0.5]])))
""",
)

wrong(
    "an update by hand",
    "2.5",
    does="subtracts lr times the gradient itself, without an optimizer",
    wrong={"2.5 step": "optimizer"},
    either=("2.5 step",),
    disputed=("2.5 save",),
    source="""\
# %%
import torch
from torch import nn
class LinearRegression(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)
    def forward(self, x):
        return self.linear(x)
model = LinearRegression()
x = torch.rand(20, 1); y = 2 * x
loss = nn.MSELoss()(model(x), y)
loss.backward()
with torch.no_grad():
    for p in model.parameters():
        p -= 0.1 * p.grad
torch.save(model.state_dict(), "weights.pth")
new_model = LinearRegression()
new_model.load_state_dict(torch.load("weights.pth"))
print(new_model(torch.tensor([[1.0]])))
""",
)

wrong(
    "backward forgotten",
    "2.5",
    does="steps without a gradient, so that nothing changes",
    wrong={"2.5 step": "backward"},
    either=("2.5 step",),
    disputed=("2.5 save",),
    script=True,
    source="""\
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)
    def forward(self, x):
        return self.linear(x)

net = Net()
x = torch.rand(20, 1)
y = 2 * x
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    optimizer.zero_grad()
    loss = nn.MSELoss()(net(x), y)
    optimizer.step()
torch.save(net.state_dict(), "net.pth")
net_ = Net()
net_.load_state_dict(torch.load("net.pth"))
print(net_(x[0]))
""",
)

wrong(
    "only a class",
    "2.5",
    does="stops after the model and a forward pass",
    wrong={"2.5 step": "", "2.5 apply": ""},
    either=("2.5 step", "2.5 apply"),
    missing=("2.5 save", "2.5 load"),
    source="""\
# %%
import torch
from torch import nn
class LinearRegression(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)
    def forward(self, x):
        return self.linear(x)
model = LinearRegression()
y = model(torch.rand(3, 1))
""",
)
