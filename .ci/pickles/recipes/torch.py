import argparse, io
import torch, torch.nn as nn


def save(name, value):
    for zipped in (True, False):
        whole = io.BytesIO()
        torch.save(value, whole, _use_new_zipfile_serialization=zipped)
        keep_bytes(name + (".zip" if zipped else ".legacy"), whole.getvalue())


t = torch.rand(3, 4)
net = nn.Sequential(
    nn.Conv1d(3, 4, 3), nn.BatchNorm1d(4), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2), nn.Dropout(), nn.Softmax(dim=1)
)
optimizer = torch.optim.Adam(net.parameters())
net(torch.rand(2, 3, 4)).sum().backward()
optimizer.step()
keep("values", [t, nn.Linear(2, 2), nn.Parameter(t), torch.float16, torch.nn.functional.relu])
save("state", net.state_dict())
save("module", net)
save(
    "checkpoint",
    {
        "model": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "epoch": 3,
        "args": argparse.Namespace(lr=1),
        "rng": torch.get_rng_state(),
    },
)
save(
    "types",
    [
        t.to(kind)
        for kind in (
            torch.half,
            torch.bfloat16,
            torch.double,
            torch.int8,
            torch.uint8,
            torch.int16,
            torch.int32,
            torch.int64,
            torch.bool,
            torch.complex64,
        )
    ],
)
save(
    "tensors",
    [
        t.to_sparse(),
        torch.Size([1, 2]),
        torch.device("cpu"),
        torch.float32,
        t.layout,
        nn.Parameter(t),
        t.t(),
        t[1:],
        torch.contiguous_format,
    ],
)
save("quantized", torch.quantize_per_tensor(t, 0.1, 0, torch.qint8))
save("nested", torch.nested.nested_tensor([t]))
save("meta", torch.empty(2, device="meta"))
save(
    "optimizers",
    [getattr(torch.optim, name)(net.parameters(), lr=0.1) for name in ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad")],
)
save(
    "schedules",
    [
        torch.optim.lr_scheduler.StepLR(optimizer, 1),
        torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 2),
        torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer),
    ],
)


def modules():
    for name in dir(nn):
        cls = getattr(nn, name)
        for args in (
            ((), (2,), (2, 2), (2, 2, 2), (4, 2), (8, 2, 1))
            if isinstance(cls, type) and issubclass(cls, nn.Module)
            else ()
        ):
            try:
                yield cls(*args)
                break
            except Exception:
                continue


save("modules", list(modules()))
save("transformer", nn.Transformer(8, 2, 1, 1, 8))
save("weight_norm", nn.utils.weight_norm(nn.Linear(2, 2)))
save("dynamic", torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(2, 2)), {nn.Linear}, torch.qint8))
save(
    "others",
    [
        torch.distributions.Normal(0.0, 1.0),
        torch.utils.data.TensorDataset(t),
        torch.optim.swa_utils.AveragedModel(nn.Linear(2, 2)),
    ],
)
whole = io.BytesIO()
torch.jit.save(torch.jit.trace(net.eval(), torch.rand(1, 3, 4)), whole)
keep_bytes("traced", whole.getvalue())
