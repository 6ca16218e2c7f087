"""Code that tests and benchmarks share, and test runners outside of pytest. It imports neither tests nor benchmarks.

dynamodb           an in-memory DynamoDB table
handlers           the real handlers in this process, on that table
simulator          deterministic simulation of whole runs from seeds, with faults: `python -m testkit.simulator`
conformance        compare that table, moto and the local engine with DynamoDB's documentation
crash              kill processes of a local stack under load: `python -m testkit.crash`
races              concurrent calls over HTTP: `python -m testkit.races`
mutants            check that seeded faults are detected: `python -m testkit.mutants`
fuzz               generated requests for every operation: `python -m testkit.fuzz`
recommendations    quality of the recommendations on a generated market
access             the authorization matrix: role, route, state
contract           check requests and answers against the OpenAPI document
factories          domain objects for unit tests
hostile            malformed and malicious request bodies
http_client        an HTTP client that retries as an app does
lambda_environment the environment variables of the functions
qr                 read a QR code from its SVG
"""

import ops  # noqa: F401  # makes the handsel package importable
