"""Writes rules/data/imports/requires.yaml: what the packages of the ML world need, by their metadata on the index.

pip reports the metadata of each package below, and of what these need, without installing anything.
Run by hand: python .ci/requires.py > rules/data/imports/requires.yaml
"""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

NAMES = """
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
faiss-cpu annoy bitsandbytes gguf h5py networkx psutil cachetools tqdm click pyyaml regex
packaging setuptools pip wheel
darts
fairlearn interpret evidently
torchserve torch-model-archiver sagemaker-inference
kserve
mlserver
"""
LEVELS = 3
"""How far what they need is followed."""


def needs(package: str) -> tuple[str, set[str] | None]:
    """The normalised name, and what it needs on Linux without extras; None where the index has no wheel."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--no-deps"]
    command += ["--only-binary", ":all:", "--report", "-", package]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    name = canonicalize_name(Requirement(package).name)
    if answer.returncode:
        print(f"not found: {package}", file=sys.stderr)
        return name, None
    metadata = json.loads(answer.stdout)["install"][0]["metadata"]
    parsed = (Requirement(text) for text in metadata.get("requires_dist", ()))
    return name, {canonicalize_name(one.name) for one in parsed if not one.marker or _holds(one.marker)}


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
    table: dict[str, set[str] | None] = {}
    waiting = sorted(set(NAMES.split()))
    with ThreadPoolExecutor(3) as pool:
        for _ in range(LEVELS):
            for name, found in pool.map(needs, waiting):
                table[name] = found if found is None else found | (table.get(name) or set())
            waiting = sorted({name for found in table.values() for name in found or ()} - table.keys())
    print("# What packages need, by their metadata on the index; written by .ci/requires.py.")
    for name, found in sorted(table.items()):
        if found is not None:
            print(f"{name}: [{', '.join(sorted(found))}]")


if __name__ == "__main__":
    main()
