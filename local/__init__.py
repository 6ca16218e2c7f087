"""The local stack: the project's own template on an engine that needs neither Docker nor an AWS account.

The engine (MiniStack) is used through AWS APIs only, so it can be replaced. Behaviour of AWS that it lacks is added here, in
one module each:

    cli         up, down, status, run
    settings    the settings, from environment variables
    runner      run one stack, in the background process
    engine      start, find and stop the process of the engine
    package     build zip files of layers and functions for this machine
    template    convert template.yaml to plain CloudFormation that the engine supports
    deploy      deploy the template, and apply the settings that the engine ignores
    users       demo users and their tokens
    seed        demo products
    expiry      delete expired items, as DynamoDB's time to live does
    patterns    filter patterns of an event source mapping
    delivery    batches, retries, bisecting and the on-failure destination
    streams     poll the table's stream and deliver its records
    proxy       serve the API on a port
    sign_in     sign in to the pages, and list the demo users
    hosts       decide which Host headers are answered
    logs        print the logs of the functions
    state       the files that describe a running stack
    demo        demonstrate all features over HTTP
    invoke      invoke one function in a container, by sam local invoke
    ops         run an operators' command on a running stack
"""

import ops  # noqa: F401  # makes the handsel package importable
