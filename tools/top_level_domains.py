"""Generate the list of top-level domains, with which links without a scheme are found in messages.

The source is the list of the Internet Assigned Numbers Authority (IANA), of which the package hypothesis has a copy that each of
its releases updates.
"""

from importlib import resources
from pathlib import Path

from local.settings import ROOT

_DATA = ROOT / "layers" / "core" / "python" / "handsel" / "domain" / "top_level_domains.txt"


def files() -> dict[Path, str]:
    """Return the generated file: one domain in a line, those in other scripts as they are written."""
    source = resources.files("hypothesis") / "vendor" / "tlds-alpha-by-domain.txt"
    version, *listed = source.read_text(encoding="ascii").split("\n")
    names = [name.lower().encode().decode("idna") for name in listed if name]
    return {_DATA: "\n".join([f"# Generated from the list of IANA: {version.removeprefix('# ')}", *names, ""])}
