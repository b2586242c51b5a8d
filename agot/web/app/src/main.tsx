import { render } from "preact";
import { App, help } from "./app";
import { listenForKeys } from "./keys";

listenForKeys(() => { help.value = true; });
render(<App />, document.getElementById("app")!);
