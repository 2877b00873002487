"""Notebooks run and written as pages that open anywhere, without network or kernel.

Each notebook runs in a kernel of its own, of this Python and no other, and is killed when
its time is up. A page is written whole or not at all; the same input gives the same bytes.
"""

import asyncio
import os
import re
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from jingde_core.model.catalogue import label
from jingde_core.model.problem import DataError, Problem, collected
from jingde_core.sharing.files import written
from jingde_core.sharing.guard import Guard
from jingde_core.sharing.page import page
from jingde_core.sharing.pdf import print_page

if TYPE_CHECKING:
    import pandas as pd

AUDIENCES = ("leader", "working")
TIMEOUT = 120.0
T = TypeVar("T")


def render(
    notebook: str | Path,
    out_dir: str | Path,
    *,
    audience: str = "leader",
    timeout: float = TIMEOUT,
    pdf: bool = False,
    provenance: "pd.DataFrame | None" = None,
    identity: "pd.DataFrame | None" = None,
) -> Path:
    """Run a notebook and write its page; the path of the page comes back (生成共享网页).

    Before anything is written the page is searched for persons, paths and keys (`scan`).

    Parameters
    ----------
    audience : {"leader", "working"}
        Who will read it; the notebook sees it as ``$JINGDE_AUDIENCE``. A working copy shows
        code and the workshop's cells, and says in name and header that it is internal.
    timeout : float
        Seconds after which the run is killed.
    pdf : bool
        Whether the page is printed to PDF as well, beside it.
    provenance : DataFrame, optional
        What the page's foot says of the data; by default that of ``County.load()``.
    identity : DataFrame, optional
        Whose names and numbers are searched for; by default those of the office's store.

    Raises
    ------
    DataError
        for a notebook that cannot be read, fails (cell and cause are named), takes too long or
        holds what no page can keep or no reader may see. Nothing is written then.
    """
    return render_all(
        [notebook],
        out_dir,
        audience=audience,
        timeout=timeout,
        pdf=pdf,
        provenance=provenance,
        identity=identity,
    )[0]


def render_all(
    notebooks: Iterable[str | Path],
    out_dir: str | Path,
    *,
    audience: str = "leader",
    jobs: int = 2,
    timeout: float = TIMEOUT,
    pdf: bool = False,
    progress: Callable[[str], Any] | None = None,
    provenance: "pd.DataFrame | None" = None,
    identity: "pd.DataFrame | None" = None,
) -> list[Path]:
    """Run notebooks, ``jobs`` at a time, and write a page for each.

    ``progress`` is told of each start and end in a line of text.

    Raises
    ------
    DataError
        naming every notebook that failed, after the pages of the others are written.
    """
    chosen = [Path(notebook) for notebook in notebooks]
    _check(chosen, audience)
    guard = Guard(given=identity)
    if provenance is None:
        from jingde_core.county import County

        county = County.load()
        guard, provenance = Guard(county, identity), county.provenance
    folder = Path(out_dir)
    tell = progress or (lambda line: None)
    known = provenance

    async def everything() -> list[Path | DataError]:
        free = asyncio.Semaphore(max(1, jobs))

        async def one(notebook: Path) -> Path | DataError:
            async with free:
                tell(label("sharing.running", name=notebook.name))
                try:
                    executed = await _execute(notebook, audience, timeout)
                    text = page(
                        executed,
                        file=notebook.name,
                        audience=audience,
                        provenance=known,
                        guard=guard,
                    )
                    wanted = folder / f"{_stem(notebook, audience)}.html"
                    made = [written(wanted, text.encode())]
                    made += [await asyncio.to_thread(print_page, made[0].resolve())] if pdf else []
                except DataError as fault:
                    tell(label("sharing.failed", name=notebook.name))
                    return fault
                for each in made:
                    size = f"{each.stat().st_size / 1000:,.0f}"
                    tell(label("sharing.done", name=each.name, size=size))
                if made[0] != wanted:
                    tell(label("sharing.elsewhere", name=wanted.name, path=made[0]))
                return made[0]

        return await asyncio.gather(*(one(notebook) for notebook in chosen))

    results = _finished(everything())
    with collected() as problems:
        for result in results:
            if isinstance(result, DataError):
                problems.extend(result.problems)
    return [result for result in results if isinstance(result, Path)]


def _check(notebooks: list[Path], audience: str) -> None:
    with collected() as problems:
        if audience not in AUDIENCES:
            expected = ", ".join(AUDIENCES)
            problems.append(Problem("unknown_audience", found=audience, expected=expected))
        taken: dict[str, Path] = {}
        for notebook in notebooks:
            other = taken.setdefault(notebook.stem, notebook)
            if other is not notebook:
                problems.append(Problem("same_page", file=str(notebook), found=str(other)))


def _stem(notebook: Path, audience: str) -> str:
    return notebook.stem + (label("sharing.working_suffix") if audience == "working" else "")


async def _execute(notebook: Path, audience: str, timeout: float) -> Any:
    """The notebook with fresh outputs."""
    import nbformat
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    class ThisPython(AsyncKernelManager):
        """Kernels of the running Python, whatever the user has registered, without open ports."""

        def __init__(self, **settings: Any) -> None:
            super().__init__(kernel_spec_manager=KernelSpecManager(kernel_dirs=[]), **settings)
            self.connection_file = str(Path(private) / "kernel.json")
            self.transport = "ipc" if os.name == "posix" else "tcp"

    def fault(code: str, **values: Any) -> DataError:
        return DataError([Problem(code, file=notebook.name, **values)])

    try:
        content = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    except Exception as error:
        found = str(error) or type(error).__name__
        raise fault("unreadable_file", found=found, expected="ipynb") from None
    with tempfile.TemporaryDirectory(prefix="jingde-") as private:
        environment = os.environ | {
            "JINGDE_AUDIENCE": audience,
            "IPYTHONDIR": private,
            "PYTHONHASHSEED": "0",
        }
        client = NotebookClient(
            content,
            kernel_manager_class=ThisPython,
            kernel_name="python3",
            timeout=None,
            shutdown_kernel="immediate",
            store_widget_state=False,
            resources={"metadata": {"path": str(notebook.parent.resolve())}},
        )
        try:
            async with asyncio.timeout(timeout) as limit:
                return await client.async_execute(env=environment)
        except CellExecutionError as error:
            raise fault("cell_failed", sheet=_cell(client), found=_cause(error)) from None
        except (TimeoutError, DeadKernelError, RuntimeError) as error:
            cell = _cell(client)
            if limit.expired():
                raise fault("notebook_timeout", sheet=cell, expected=f"{timeout:g}") from None
            raise fault("kernel_died", sheet=cell, found=str(error)) from None


def _cell(client: Any) -> str:
    return label("sharing.cell", number=client.code_cells_executed)


def _cause(error: Any) -> str:
    cause = f"{error.ename}: {error.evalue}" if error.evalue else str(error.ename)
    return re.sub(r"\x1b\[[0-9;]*m", "", cause)


def _finished(work: Coroutine[Any, Any, T]) -> T:
    """Result of asynchronous work from anywhere, also from a cell of a running notebook.

    The work has a thread and a loop of its own; Ctrl+C cancels it, which kills its kernels.
    """
    loop = asyncio.new_event_loop()
    # nbclient's watch over a kernel that was killed ends in an error of no consequence
    loop.set_exception_handler(lambda loop, context: None)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    task = asyncio.run_coroutine_threadsafe(_kept(work), loop)
    try:
        return task.result()
    finally:
        task.cancel()
        asyncio.run_coroutine_threadsafe(_ended(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _kept(work: Coroutine[Any, Any, T]) -> T:
    return await work


async def _ended() -> None:
    """Cancel what is still running in this loop, and wait until it has cleaned up."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
