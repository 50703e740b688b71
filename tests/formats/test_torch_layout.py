"""What kind of PyTorch file an archive is."""

from __future__ import annotations

import zipfile

import pytest

from gate.formats import torch_layout as module
from gate.formats.torch_layout import TorchLayout, torch_layouts

STATE = ["m/data.pkl", "m/data/0", "m/data/1", "m/version", "m/byteorder", "m/.data/serialization_id"]
SCRIPT = [
    *("s/data.pkl", "s/constants.pkl", "s/constants/0", "s/data/0", "s/version"),
    *("s/code/__torch__/m.py", "s/code/__torch__/m.py.debug_pkl", "s/extra/config.txt"),
]


def test_a_state_dict_is_told():
    assert torch_layouts(STATE) == (
        TorchLayout(
            "m", "state-dict", (".data/serialization_id", "byteorder", "version"), ("data.pkl",), (), (), (), 2, ()
        ),
    )


def test_a_script_has_code():
    (found,) = torch_layouts(SCRIPT)
    assert (found.kind, found.storages, found.extra) == ("torchscript", 2, ("extra/config.txt",))
    assert found.code == ("code/__torch__/m.py", "code/__torch__/m.py.debug_pkl")
    assert found.pickles == ("constants.pkl", "data.pkl")


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["x/data.pkl", "x/bytecode.pkl", "x/version"], "lite"),
        (["x/.data/extern_modules", "x/model/model.pkl", "x/model.py"], "package"),
        (["x/archive_format", "x/models/model.json", "x/data/weights/weight_0", "x/data/weights/model.pt"], "pt2"),
        (["serialized_exported_program.json", "version", "serialized_state_dict.pt"], "exported-program"),
        (["data.pkl", ".data/version"], "state-dict"),
    ],
)
def test_every_kind_is_told(names, kind):
    assert [layout.kind for layout in torch_layouts(names)] == [kind]


def test_native_code_of_compiled_models_is_listed():
    base = "m/data/aotinductor/model/"
    (found,) = torch_layouts(["m/archive_format", base + "a.wrapper.so", base + "a.cubin", base + "a.wrapper.cpp"])
    assert found.native == ("data/aotinductor/model/a.cubin", "data/aotinductor/model/a.wrapper.so")
    assert found.code == ("data/aotinductor/model/a.wrapper.cpp",)


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["a", "b/c"],
        ["model/config.json", "metadata.json"],
        ["data/0"],
        ["x/version"],
        ["r/data.pkl", "r/models/m.json"],
    ],
)
def test_other_archives_are_none(names):
    assert torch_layouts(names) == ()


def test_names_are_listed_to_a_bound_and_storages_counted(monkeypatch):
    monkeypatch.setattr(module, "NAMES", 3)
    (found,) = torch_layouts(
        ["m/data.pkl", "m/version", *(f"m/extra/{i}" for i in range(9)), *(f"m/data/{i}" for i in range(9))]
    )
    assert (len(found.extra), found.storages) == (3, 9)


def test_the_library_writes_the_same(tmp_path):
    """Only where torch is installed."""
    torch = pytest.importorskip("torch")
    torch.save({"w": torch.zeros(3), "b": torch.ones(2)}, tmp_path / "s.pt")
    torch.jit.script(torch.nn.Linear(2, 3)).save(str(tmp_path / "j.pt"))
    program = torch.export.export(torch.nn.Linear(2, 3), (torch.zeros(1, 2),))
    torch.export.save(program, tmp_path / "e.pt2")
    kinds = {}
    for name in ("s.pt", "j.pt", "e.pt2"):
        (found,) = torch_layouts(zipfile.ZipFile(tmp_path / name).namelist())
        kinds[name] = (found.kind, found.storages)
    assert kinds["s.pt"] == ("state-dict", 2)
    assert kinds["j.pt"][0] == "torchscript"
    assert kinds["e.pt2"][0] in ("pt2", "exported-program")
