package main

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"strconv"
	"time"
)

const tick = 100 * time.Millisecond

// serve is the private server: it digests bodies, streams, echoes frames of WebSockets, and refuses who has no good token.
func serve(arguments []string) {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	address := flags.String("address", "", "where to listen")
	issuer := flags.String("issuer", "", "whose tokens requests below /signed must have")
	audience := flags.String("audience", "", "for whom the tokens are")
	flags.Parse(arguments)
	tokens := &tokens{issuer: *issuer, audience: *audience}
	http.HandleFunc("/load/digest", digest)
	http.HandleFunc("/load/stream", stream)
	http.HandleFunc("/load/echo", echo)
	http.HandleFunc("/signed/digest", func(w http.ResponseWriter, r *http.Request) {
		if err := tokens.check(r.Header.Get("Authorization")); err != nil {
			http.Error(w, err.Error(), http.StatusTeapot)
			return
		}
		digest(w, r)
	})
	log.Fatal(http.ListenAndServe(*address, nil))
}

func digest(w http.ResponseWriter, r *http.Request) {
	sum := sha256.New()
	size, err := io.Copy(sum, r.Body)
	if err != nil {
		return
	}
	fmt.Fprint(w, digestLine(size, sum.Sum(nil)))
}

func digestLine(size int64, sum []byte) string {
	return strconv.FormatInt(size, 10) + " " + hex.EncodeToString(sum)
}

// stream sends numbered lines for as long as it is asked to, so that one that is missing shows.
func stream(w http.ResponseWriter, r *http.Request) {
	count, _ := strconv.Atoi(r.URL.Query().Get("ticks"))
	for i := 0; i < count; i++ {
		fmt.Fprintf(w, "tick %d\n", i)
		w.(http.Flusher).Flush()
		time.Sleep(tick)
	}
	fmt.Fprint(w, "end\n")
}
