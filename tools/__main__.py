"""Run a generator or a check: python -m tools COMMAND.

generate        write the generated files; with --check, report those that are out of date
covers          draw the PNG of each new or changed cover; needs a browser
release-check   report what an update from the last tag before HEAD, or from --reference, would replace, delete or refuse
released-routes write the routes with settings of this release; a test compares them with the template
import-template write the template that imports what a deleted stack left; --kept names it
published       write the template with --snapstart, --gradual or both, for sam build
vulnerabilities report known vulnerabilities of the deployed packages
"""

import argparse
import sys

from tools import covers, generate, import_template, published, release_check, vulnerabilities


def main() -> int:
    """Run the command. Return the exit status: 0 done, 1 failed (the reason is on stderr)."""
    parser = argparse.ArgumentParser(
        prog="python -m tools", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "command",
        choices=[
            *("generate", "covers", "import-template", "published"),
            *("release-check", "released-routes", "vulnerabilities"),
        ],
    )
    parser.add_argument("--check", action="store_true", help="generate: write nothing")
    parser.add_argument("--reference", default="", help="release-check: the commit of the last release")
    parser.add_argument("--accept", action="store_true", help="release-check: report effects, but do not fail")
    parser.add_argument("--snapstart", action="store_true", help="published: functions start from snapshots")
    parser.add_argument("--gradual", action="store_true", help="published: gradual deployment with rollback on alarms")
    parser.add_argument("--kept", nargs="*", default=[], help="import-template: LogicalId=identifier of each resource")
    options = parser.parse_args()
    match options.command:
        case "generate":
            return generate.main(check=options.check)
        case "covers":
            return covers.main()
        case "release-check":
            return release_check.main(options.reference, accepts_effects=options.accept)
        case "released-routes":
            return release_check.write_released_routes()
        case "import-template":
            return import_template.main(options.kept)
        case "published":
            return published.main(snapstart=options.snapstart, gradual=options.gradual)
        case _:
            return vulnerabilities.main(vulnerabilities.pip_audit)


if __name__ == "__main__":
    sys.exit(main())
