"""What is made of whole pictures and remembered: overviews and automatic masks.

They are made beside the frames, which do not wait for them; see
:meth:`dni.serving.scheduling.render_queue.RenderQueue.compute_beside`.
"""

from __future__ import annotations

from collections.abc import Callable

from dni.caches import ByteCache
from dni.pictures.picture import Picture
from dni.pictures.rectangle import Rectangle
from dni.serving.pictures import Held, HeldPictures
from dni.serving.regions import overview_of
from dni.serving.scheduling.render_queue import RenderQueue
from dni.serving.sessions import Session

__all__ = ["WholePictures"]

# Of overviews and automatic masks; some 0.3 MB each.
WHOLE_BYTES = 64_000_000


class WholePictures:
    """Makes them one at a time, each once for a picture.

    Args:
        pictures: Those that are held.
        queue: Whose thread for whole pictures makes them.
    """

    def __init__(self, pictures: HeldPictures, queue: RenderQueue) -> None:
        self._pictures = pictures
        self._queue = queue
        self._made: ByteCache[tuple[Held, str], bytes] = ByteCache(WHOLE_BYTES, size_of=len)

    def __len__(self) -> int:
        return len(self._made)

    def overview(self, token: str, region: Rectangle | None = None, *, session: Session) -> bytes:
        """The whole picture, or a region of it, at most 1600 pixels a side, as a JPEG."""
        if region is None:
            return self.get(token, "overview", overview_of, session=session)
        self._pictures.get(token, session)  # an error at once, if it is not held

        def detail() -> bytes:
            return overview_of(self._pictures.get(token, session), region)

        return self._queue.compute_beside(detail, session=session, coalesce_key="detail")

    def get(self, token: str, name: str, make: Callable[[Picture], bytes], *, session: Session) -> bytes:
        """What is made of a whole picture, beside the frames, or remembered.

        Args:
            token: The picture's.
            name: What is made; one of a name for each picture.
            make: Makes it; must not ask for a slot.
            session: Who waits for it.

        Raises:
            RenderServiceError: The picture is not held.
        """
        self._pictures.get(token, session)  # an error at once, if it is not held
        key = self._pictures.key(token, session), name

        def remembered() -> bytes:
            made = self._made.get(key)
            if made is None:
                # Found anew: those that wait do not keep large pictures that were let go meanwhile.
                made = make(self._pictures.get(token, session))
                self._made.put(key, made)
            return made

        made = self._made.get(key)
        if made is not None:
            return made
        return self._queue.compute_beside(remembered, session=session, coalesce_key=None)

    def forget(self, picture: Held | None) -> None:
        """Forget what was made of one picture."""
        self._made.drop(lambda key: key[0] == picture)

    def release(self, session: Session) -> None:
        """Forget what was made of a session's pictures."""
        self._made.drop(lambda key: key[0][0] == session.key)
