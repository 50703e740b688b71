"""Writes rules/data/imports/requires.yaml: what the packages of the ML world need, by their metadata on the index.

pip resolves each line below without installing anything; its report has the metadata of everything that was chosen.
Run by hand: python .ci/requires.py > rules/data/imports/requires.yaml
"""

from __future__ import annotations

import json
import subprocess
import sys

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LINES = """
scikit-learn pandas statsmodels xgboost lightgbm catboost scipy joblib cloudpickle dill imbalanced-learn
category-encoders
scikit-learn==1.2.2 pandas==1.5.3 numpy==1.24.4 xgboost==1.7.6
mlflow==2.9.2
mlflow mlflow-skinny optuna hyperopt shap lime
torch torchvision torchaudio transformers tokenizers safetensors datasets accelerate peft diffusers
timm sentence-transformers einops evaluate sentencepiece torchmetrics lightning pytorch-lightning kornia ultralytics
transformers==4.39.3
tensorflow-cpu keras tf-keras tensorflow-hub tensorflow-probability tensorboard
jax jaxlib flax optax
onnx onnxruntime skl2onnx onnxruntime-gpu
opencv-python opencv-python-headless pillow matplotlib seaborn plotly scikit-image albumentations
bentoml
fastapi uvicorn pydantic flask gunicorn sqlalchemy requests httpx
gradio
streamlit
spacy nltk gensim tiktoken
skops prophet pmdarima umap-learn hdbscan lifelines
ray polars pyarrow dask distributed numba
boto3 s3fs google-cloud-storage azure-storage-blob azure-identity azureml-core
wandb comet-ml
openai anthropic langchain langchain-core langchain-community
faiss-cpu annoy bitsandbytes gguf h5py networkx psutil cachetools tqdm click pyyaml regex packaging setuptools pip wheel
darts
fairlearn interpret evidently
torchserve torch-model-archiver sagemaker-inference
kserve
mlserver
""".strip().splitlines()


def needs(line: str) -> dict[str, set[str]]:
    """Of all that a line leads to, what it needs on Linux without extras, by normalised names."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"]
    command += ["--only-binary", ":all:", "--report", "-"]
    answer = subprocess.run([*command, *line.split()], capture_output=True, text=True, check=False)
    if answer.returncode:
        print(f"not resolved: {line}: {answer.stderr.strip()[-200:]}", file=sys.stderr)
        return {}
    found: dict[str, set[str]] = {}
    for row in json.loads(answer.stdout)["install"]:
        metadata = row["metadata"]
        parsed = (Requirement(text) for text in metadata.get("requires_dist", ()))
        held = {canonicalize_name(one.name) for one in parsed if not one.marker or _holds(one.marker)}
        found[canonicalize_name(metadata["name"])] = held
    return found


def _holds(marker: Marker) -> bool:
    """On Linux, under any Python of the last years."""
    linux = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "extra": ""}
    pythons = ((f"3.{minor}", f"3.{minor}.5") for minor in range(9, 14))
    return any(
        marker.evaluate({**linux, "platform_machine": "x86_64", "python_version": one, "python_full_version": full})
        for one, full in pythons
    )


def main() -> None:
    """Print the table."""
    table: dict[str, set[str]] = {}
    for line in LINES:
        for name, found in needs(line).items():
            table.setdefault(name, set()).update(found)
    for name in {name for found in table.values() for name in found} - table.keys():
        table.update(needs(f"--no-deps {name}"))
    print("# What packages need, by their metadata on the index; written by .ci/requires.py.")
    for name, found in sorted(table.items()):
        print(f"{name}: [{', '.join(sorted(found))}]")


if __name__ == "__main__":
    main()
