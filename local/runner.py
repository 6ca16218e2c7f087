"""Run one stack from start to stop, in the background process of `up`.

If the engine of an earlier runner is alive, the runner takes it over with all its data, and updates the stack if the code or
the settings have changed. Otherwise it starts a new one.
"""

import asyncio
import fcntl
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from local import aws, seed, users
from local.client import read_stack
from local.deploy import DeployError, Deployment, archives, deploy
from local.engine import healthy
from local.expiry import Expiry, Marks
from local.package import project_fingerprint
from local.proxy import serve
from local.settings import REGION, Settings
from local.sign_in import SignIn
from local.state import Directory, Running, write_json
from local.streams import Feed, Mapping
from local.test_clock import Advancer, Backlog

log = logging.getLogger(__name__)

ROLES = {
    "alice": {},
    "bob": {},
    "carol": {},
    "dave": {},
    "mia": {"group": "merchant", "store_id": seed.MIA_STORE},
    "max": {"group": "merchant", "store_id": seed.MAX_STORE},
    "carl": {"group": "carrier", "carrier": seed.CARRIER},
}


class PortTaken(Exception):
    """Another process listens on the API's port."""


class Runner:
    """Runs one stack in the foreground until a signal stops it.

    Args:
        directory: The folder of the stack.
        settings: The settings of the stack.
    """

    def __init__(self, directory: Directory, settings: Settings) -> None:
        self._directory = directory
        self._settings = settings
        self._stop = threading.Event()
        # The engine continues without this runner.
        self._detached = False
        self._serving = False
        # Tells the user why an earlier stack was not taken over.
        self._lost = ""

    def run(self) -> None:
        """Start the stack and serve it until it is stopped. The engine is stopped on every way out but SIGHUP.

        Raises:
            PortTaken: Another process listens on the port.
            BuildError: A layer or function could not be built.
            EngineError: The engine did not start.
            DeployError: The template could not be deployed.
            TriggerError: A demo user could not be created.
        """
        self._directory.path.mkdir(parents=True, exist_ok=True)
        with self._directory.lock.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            signal.signal(signal.SIGTERM, self._on_signal)
            signal.signal(signal.SIGINT, self._on_signal)
            signal.signal(signal.SIGHUP, self._on_detach)
            self._check_port()
            try:
                asyncio.run(self._serve())
            finally:
                self._stop.set()
                if not self._detached:
                    self._directory.engine.stop()
                    self._directory.forget()

    def _check_port(self) -> None:
        """Check the port before the long build, and before the engine of an earlier runner is stopped.

        Raises:
            PortTaken: Another process listens on it.
        """
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self._settings.bind_host, self._settings.port))
            except OSError as error:
                raise PortTaken(f"Port {self._settings.port} is taken; set PORT to another one.") from error

    def _on_signal(self, *_: object) -> None:
        self._stop.set()
        if not self._serving:
            raise SystemExit(1)  # during the build or the deployment; `run` cleans up

    def _on_detach(self, *_: object) -> None:
        if self._serving:
            self._detached = True
        self._on_signal()

    async def _serve(self) -> None:
        running, deployment = self._attach() or self._start()
        threads, backlog = self._jobs(running.endpoint_url, deployment)
        outputs, endpoint_url = deployment.outputs, running.endpoint_url
        signing_in = SignIn(
            endpoint_url, outputs["UserPoolId"], outputs["UserPoolClientId"], self._directory.stack_file
        )
        async with serve(
            self._settings.bind_host,
            self._settings.port,
            endpoint_url,
            deployment.api_ids[0],
            signing_in,
            Advancer(backlog),
        ):
            self._serving = True
            running.ready = True
            self._directory.write(running)
            log.info("ready")
            for thread in threads:
                thread.start()
            while not self._stop.is_set() and self._directory.engine.alive():
                await asyncio.sleep(0.1)
        if not self._stop.is_set():
            log.error("The engine ended, and its data is lost; its log is %s", self._directory.engine.log)
        self._stop.set()

    def _attach(self) -> tuple[Running, Deployment] | None:
        """Return the stack that an earlier runner left behind, or None if it is not complete or not the same."""
        earlier = self._directory.read()
        if earlier is None:
            return None
        deployment = earlier.deployed()
        lives = self._directory.engine.alive() and healthy(earlier.endpoint_url)
        is_complete = lives and deployment is not None and self._directory.stack_file.exists()
        reason = "its engine had ended too" if not lives else "it listened on another address"
        if is_complete and earlier.can_become(self._settings):
            log.info("attaching to the engine of a runner that ended without stopping it")
            try:
                return self._take_over(earlier)
            except DeployError as error:
                log.exception("The update failed")
                reason = f"it could not be updated ({error})"
        self._directory.engine.stop()
        self._lost = f"An earlier stack had not been stopped; its data is lost, because {reason}. This one is new."
        return None

    def _take_over(self, earlier: Running) -> tuple[Running, Deployment]:
        """Return the stack of an earlier runner with the settings and the code of now.

        Raises:
            BuildError: a layer or function could not be built.
            DeployError: the update failed.
        """
        version, deployment = project_fingerprint(), earlier.deployed()
        earlier.note = "An earlier stack was still running. No data was lost."
        if deployment is None or not earlier.is_same(self._settings, version):
            with _step("Packaging layers and functions"):
                built = archives()
            with _step("Updating the stack"):
                layers = self._directory.engine.layers
                deployment = deploy(earlier.endpoint_url, self._settings, built, layers, update=True)
            stack = read_stack(self._directory.path)
            stack["claim_window_seconds"] = self._settings.claim_window_seconds
            write_json(self._directory.stack_file, stack)
        earlier.pid = os.getpid()
        earlier.settings, earlier.fingerprint, earlier.deployment = asdict(self._settings), version, asdict(deployment)
        return earlier, deployment

    def _start(self) -> tuple[Running, Deployment]:
        settings, directory = self._settings, self._directory
        directory.engine.stop()
        directory.forget()
        with _step("Packaging layers and functions (the first time takes longer)"):
            # Before the build: a file that changes during the build makes another version.
            version = project_fingerprint()
            built = archives()
        with _step("Starting the engine"):
            endpoint_url = directory.engine.start(settings.bind_host)
        running = Running(os.getpid(), asdict(settings), version, endpoint_url, note=self._lost)
        directory.write(running)
        with _step("Deploying template.yaml"):
            deployment = deploy(endpoint_url, settings, built, directory.engine.layers)
        with _step("Creating demo users and products"):
            self._write_stack_file(endpoint_url, deployment)
        running.deployment = asdict(deployment)
        directory.write(running)
        return running, deployment

    def _write_stack_file(self, endpoint_url: str, deployment: Deployment) -> None:
        outputs = deployment.outputs
        demo_users = users.create(endpoint_url, outputs["UserPoolId"], outputs["UserPoolClientId"], ROLES)
        merchants = {user["store_id"]: user["user_id"] for user in demo_users.values() if "store_id" in user}
        dynamodb = aws.client("dynamodb", endpoint_url)
        products = seed.seed(dynamodb, outputs["TableName"], self._settings.web_url, merchants=merchants)
        stack: dict[str, Any] = {
            "api_url": self._settings.web_url,
            "web_url": self._settings.web_url,
            "aws_endpoint_url": endpoint_url,
            "region": REGION,
            "table_name": outputs["TableName"],
            "bus_name": outputs["BusName"],
            "queue_url": outputs["SubscriberQueueUrl"],
            "claim_window_seconds": self._settings.claim_window_seconds,
            "users": demo_users,
            "products": products,
        }
        write_json(self._directory.stack_file, stack)

    def _jobs(self, endpoint_url: str, deployment: Deployment) -> tuple[list[threading.Thread], Backlog]:
        """Return the jobs that AWS runs around the functions, and their backlog.

        The jobs are daemons: stopping need not wait for them.
        """
        if not self._settings.stream:
            return [], Backlog([], [], [], self._stop)
        marks = Marks()
        expiries: list[Expiry] = []
        mappings: list[Mapping] = []
        feeds: dict[str, Feed] = {}
        dynamodb = aws.client("dynamodb", endpoint_url)
        for table, attribute in deployment.ttl_attributes.items():
            arn = dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]
            feed = feeds.setdefault(arn, Feed(endpoint_url, arn, marks))
            expiries.append(Expiry(endpoint_url, table, attribute, marks, feed.subscribe()))
        for properties in (each for each in deployment.mappings if each.get("Enabled", True)):
            arn = properties["EventSourceArn"]
            feed = feeds.setdefault(arn, Feed(endpoint_url, arn, marks))
            position = self._directory.path / f"position-{properties['Name']}.txt"
            mappings.append(Mapping(endpoint_url, properties, feed, position))
        jobs: list[Expiry | Feed | Mapping] = [*expiries, *mappings, *feeds.values()]
        threads = [threading.Thread(target=job.run, args=(self._stop,), daemon=True) for job in jobs]
        return threads, Backlog(list(feeds.values()), mappings, expiries, self._stop)


@contextmanager
def _step(text: str) -> Iterator[None]:
    """Log a step, which `up` shows, and how long it took."""
    log.info("%s ...", text)
    started = time.monotonic()
    yield
    log.info("%s: %.1f s", text, time.monotonic() - started)
