// Requests the script that starts the page again, if it did not load.

if (!document.documentElement.dataset.started) import("./load.js?again=1");
