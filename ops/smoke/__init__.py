"""Test a deployed stack: run the whole story of a gift on it, in about a minute.

The test creates five users in the user pool of the stack and deletes them at the end. It is safe on a stack with users: it
has a store of its own, named "Smoke test", whose units are on sale only until its next request buys or removes them, and gives
to its own users only. It needs the sandbox payment provider; without it, it puts nothing on sale, and tests the rest.

Ctrl-C and SIGTERM stop the test, and it cleans up. After SIGKILL, its users remain in the user pool (smoke-...@example.com), and
up to 9 units may remain on sale (product smoke-...), which are gone when somebody buys them with the token tok_ok.

Subscribers of the stack's events receive those of the test too. The events name no store: filter on the prefix smoke- of the
product's store_id in the order, holding or shipment that correlation_id names.

With your own OpenID Connect provider, pass the ID tokens of five users of your own, which are not deleted, in the
environment variables SMOKE_TOKEN_GIVER, SMOKE_TOKEN_FRIEND, SMOKE_TOKEN_OTHER, SMOKE_TOKEN_MERCHANT and SMOKE_TOKEN_CARRIER. The
merchant's claims are cognito:groups ["merchant"] and custom:store_id, which begins with smoke-; the carrier's are
cognito:groups ["carrier"] and custom:carrier.

The test needs these permissions: cloudformation:DescribeStacks and ListStackResources; on the user pool
cognito-idp:AdminCreateUser, AdminSetUserPassword, AdminAddUserToGroup and AdminDeleteUser; lambda:InvokeFunction on
SweepFunction, HealthFunction and PostConfirmationFunction; dynamodb:GetItem, UpdateItem and DeleteItem on the table;
events:PutEvents on the bus; for a stack with KmsKeyArn also kms:Decrypt, DescribeKey, Encrypt, GenerateDataKey* and ReEncrypt*
on the key, through DynamoDB; and optionally logs:FilterLogEvents on the log group, to show why a function failed.

If the user pool requires MFA (parameter Mfa=ON), the test sets up an authenticator app for each user that it makes. Its codes
depend on the clock of this machine.

Expired gifts: the claim window is a setting of the stack, so the test moves the end of the window of two own gifts in the
table, under conditions on these gifts (docs/adr/0031).

Exit status: 0 success, also if nothing is sold; 1 a step failed; 2 the test could not run.

Modules:

run        run the steps, print their results, clean up
story      the steps, in order, each with the functions that it exercises
target     the stack: its API, its functions, its table and its bus
users      the users that the test creates and deletes
diagnosis  the permission, quota or setting that a failure points to
"""
