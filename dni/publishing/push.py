"""Pushes a written folder to the hub, with the hub's own client and the user's own login."""

from __future__ import annotations

import os
from pathlib import Path

import httpx
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError

from dni.errors import DniError, in_words
from dni.publishing.folder import FILES

__all__ = ["push_folder"]

LOGIN = "Run 'hf auth login' with a token that may write, then try again."


def push_folder(folder: Path, repository: str, *, private: bool = False, update: bool = False) -> str:
    """Create the repository and upload the files that we wrote, and no others.

    The token is the client's own affair: this program neither reads nor keeps it.

    Args:
        folder: As :func:`dni.publishing.folder.write_folder` wrote it.
        repository: OWNER/NAME.
        private: Whether a new repository is only for its owner.
        update: Whether it may be there already.

    Returns:
        The address of the repository.

    Raises:
        DniError: Nobody is logged in, the repository is there already, or the hub refuses.
    """
    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None, library_name="dni")
    try:
        address = api.create_repo(repository, private=private, exist_ok=update)
        api.upload_folder(
            repo_id=repository,
            folder_path=folder,
            allow_patterns=list(FILES),
            commit_message="A blend, with its recipe",
        )
    except LocalTokenNotFoundError as error:
        raise DniError(f"Expected somebody who is logged in to the hub, but nobody is. {LOGIN}") from error
    except HfHubHTTPError as error:
        raise refused(error, repository, folder) from error
    except (httpx.HTTPError, OSError, ValueError) as error:
        raise DniError(
            f"Expected to reach the hub for {repository}, but that failed ({in_words(error)}). The folder "
            f"{folder} is complete: try again later."
        ) from error
    return str(address)


def refused(error: HfHubHTTPError, repository: str, folder: Path) -> DniError:
    status = error.response.status_code
    if status == 409:
        return DniError(
            f"Expected a new repository, but {repository} is there already: nothing was uploaded. "
            "Choose another name, or give --update."
        )
    if status in (401, 403):
        return DniError(f"Expected to be allowed to write to {repository}, but the hub refuses. {LOGIN}")
    said = in_words(error.server_message or f"status {status}")
    return DniError(
        f"Expected the hub to take {repository}, but it refuses ({said}). The folder {folder} is complete."
    )
