"""Container images as layouts of a few blobs."""

from __future__ import annotations

import json

from tests.inspectors.looking import A, sha


def descriptor(data: bytes, **more: object) -> dict[str, object]:
    """Of a blob."""
    return {"mediaType": "x", "digest": f"sha256:{sha(data)}", "size": len(data), **more}


def layout(
    root: str = "", drop: tuple[bytes, ...] = (), layer: bytes = A, stated: bytes = A
) -> tuple[dict[str, bytes], bytes, bytes]:
    """The files of a layout below `root` with one layer, its manifest, and its configuration."""
    config = b'{"architecture": "amd64"}'
    manifest = json.dumps({"schemaVersion": 2, "config": descriptor(config), "layers": [descriptor(stated)]}).encode()
    blobs = {sha(config): config, sha(stated): layer, sha(manifest): manifest}
    index = json.dumps({"schemaVersion": 2, "manifests": [descriptor(manifest)]}).encode()
    files = {f"{root}blobs/sha256/{name}": data for name, data in blobs.items() if data not in drop}
    return {f"{root}oci-layout": b"{}", f"{root}index.json": index, **files}, manifest, config
