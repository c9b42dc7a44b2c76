"""Writes ``families.json``: which of the community's networks descend from one another.

    git clone https://github.com/OpenModelDB/open-model-database
    python -m dni.catalog.make_families open-model-database

It takes only facts of OpenModelDB (GPL-3.0): names, authors, licences, tags, numbers, addresses, sizes,
hashes, and who was trained from whom. Its texts and pictures stay there; every network's page is linked.
A network is in the list if it shares its root with another and has a file for PyTorch whose hash is known.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from dni.catalog.families import FAMILIES_FILE, FIELDS, FORMAT, root_of
from dni.checkpoints.errors import SAFETENSORS_SUFFIX
from dni.checkpoints.files import PICKLE_SUFFIXES

SOURCE = "https://github.com/OpenModelDB/open-model-database"
NOTICE = (
    "Facts from OpenModelDB, which is licensed under GPL-3.0: who trained which network from which, under "
    "which licence, and where its file is. No texts and no pictures of it are here. Every network has the "
    "licence that its own entry names."
)
SHA256 = re.compile(r"[0-9a-f]{64}")
SUFFIXES = (SAFETENSORS_SUFFIX, *PICKLE_SUFFIXES)


def read_models(checkout: Path) -> dict[str, dict[str, Any]]:
    """The database's entries of networks for pictures, by their ids."""
    kinds = json.loads((checkout / "data/architectures.json").read_text("utf-8"))
    models = {
        file.stem: json.loads(file.read_text("utf-8")) for file in (checkout / "data/models").glob("*.json")
    }
    return {
        name: model
        for name, model in sorted(models.items())
        if kinds[model["architecture"]]["input"] == "image"
    }


def entry_of(
    name: str, model: dict[str, Any], tags: dict[str, str], users: dict[str, str]
) -> dict[str, Any] | None:
    """One network's facts, by :data:`dni.catalog.families.FIELDS`; None without a file of known hash."""
    files = [
        resource
        for resource in model["resources"]
        if resource["platform"] == "pytorch"
        and resource["size"]
        and SHA256.fullmatch((resource["sha256"] or "").lower())
    ]
    if not files:
        return None
    # The first that can be fetched, as others are behind pages.
    file = next((file for file in files if direct(file)), files[0])
    authors = model["author"] if isinstance(model["author"], list) else [model["author"]]
    return {
        "id": name,
        "name": model["name"],
        "authors": [users[author] for author in authors],
        "licence": model["license"] or "",
        "architecture": model["architecture"],
        "size": model["size"] or [],
        "scale": model["scale"],
        "channels": [model["inputChannels"], model["outputChannels"]],
        "parent": model.get("pretrainedModelG") or "",
        "purposes": [tags[tag] for tag in model["tags"]],
        "bytes": file["size"],
        "sha256": file["sha256"].lower(),
        "suffix": f".{file['type']}",
        "urls": direct(file),
    }


def direct(file: dict[str, Any]) -> list[str]:
    """The addresses that give the file itself, and no page or archive around it."""
    return [
        url
        for url in file["urls"]
        if url.startswith("https://") and PurePosixPath(urlsplit(url).path).suffix.lower() in SUFFIXES
    ]


def main() -> None:
    """Write the file anew from a checkout."""
    checkout = Path(sys.argv[1])
    commit = subprocess.check_output(["git", "-C", checkout, "rev-parse", "HEAD"], text=True).strip()
    names = {
        kind: {
            key: value["name"]
            for key, value in json.loads((checkout / f"data/{kind}.json").read_text("utf-8")).items()
        }
        for kind in ("tags", "users")
    }
    models = read_models(checkout)
    entries = [entry_of(name, model, names["tags"], names["users"]) for name, model in models.items()]
    known = {entry["id"]: entry for entry in entries if entry is not None}
    parents = {name: model.get("pretrainedModelG") or "" for name, model in models.items()}
    roots = {name: root_of(name, parents) for name in known}
    count = Counter(roots.values())
    rows = [
        [{**entry, "root": roots[name]}[field] for field in FIELDS]
        for name, entry in known.items()
        if count[roots[name]] > 1
    ]
    head = {"format": FORMAT, "source": SOURCE, "commit": commit, "notice": NOTICE, "fields": list(FIELDS)}
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    text = json.dumps(head, ensure_ascii=False, indent=1)[:-2] + f',\n "networks": [\n{lines}\n]}}\n'
    FAMILIES_FILE.write_text(text, "utf-8")
    families = {row[-1] for row in rows}
    print(f"{len(rows)} networks in {len(families)} families, {len(text.encode()) / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
