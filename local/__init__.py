"""The local stack: the project's own template on an engine that needs neither Docker nor an AWS account.

The engine (MiniStack) is driven through AWS APIs only, so another one can take its place. What it does not do like AWS
is done here, each in a module that says what and why:

    cli         up, down, status, run
    settings    everything that comes from the environment
    runner      one stack from start to stop, in the background process
    engine      the engine's process
    package     layers and functions as zip files, built for this machine; layers are unpacked once, and referred to
    template    template.yaml as plain CloudFormation that the engine understands
    deploy      CloudFormation, and the few settings it gets wrong
    users       demo users and their tokens
    seed        demo products
    expiry      deletes expired items, as DynamoDB's time to live does
    patterns    filter patterns of an event source mapping
    delivery    batches, retries, bisecting and the on-failure destination
    streams     polls the table's stream and delivers it
    proxy       the API on a plain port
    sign_in     the user pool for the pages, and the demo users
    state       what is written down about a running stack
    demo        the whole story over HTTP
    invoke      one function in a container, by sam local invoke
    ops         the operators' commands, on a running stack
"""

import ops  # noqa: F401  # makes the handsel package importable
