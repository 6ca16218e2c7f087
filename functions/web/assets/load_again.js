// Requests the script that starts the page again, if it did not load.

if (!document.documentElement.dataset.started) import(new URL("load.js?again=1", import.meta.url).href);
