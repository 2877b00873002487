"""Whether this machine can show Chinese, and what to install where it cannot."""

import shutil
import subprocess
import sys

#: families in order of preference, named in charts and pages
SANS = "Noto Sans CJK SC, Source Han Sans SC, Microsoft YaHei, PingFang SC, sans-serif"
#: package that brings the first of them (Debian, Ubuntu)
PACKAGE = "fonts-noto-cjk"


def missing_fonts() -> list[str]:
    """Packages to install before Chinese can be shown; empty when a font is there.

    Windows and macOS bring Chinese fonts; elsewhere fontconfig is asked.
    """
    if sys.platform in ("win32", "darwin"):
        return []
    command = shutil.which("fc-list")
    if command is None:
        return [PACKAGE, "fontconfig"]
    listed = subprocess.run([command, ":lang=zh-cn", "family"], capture_output=True, timeout=30)
    return [] if listed.stdout.strip() else [PACKAGE]
