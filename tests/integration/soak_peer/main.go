// What a soak runs besides Adit: clients that verify every answer, and a private server that verifies what reaches it.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "serve":
			serve(os.Args[2:])
			return
		case "load":
			load(os.Args[2:])
			return
		}
	}
	fmt.Fprintln(os.Stderr, "soak_peer serve|load FLAGS")
	os.Exit(2)
}
