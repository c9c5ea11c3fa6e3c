package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	patience  = 20 * time.Second // that a client has for one answer
	lateMost  = time.Second      // by which the clients may be late; what they missed beyond is not asked at once
	wrongMost = 100              // of which the text is kept
)

// loader asks at a rate, or as fast as answers come; each of its workers has one request under way.
type loader struct {
	clear, tls string
	rate       float64
	clients    *clients
	files      map[string][]byte
	block      []byte // of which bodies are parts

	began  time.Time
	number atomic.Int64
	missed atomic.Int64
	count  counters
}

func load(arguments []string) {
	flags := flag.NewFlagSet("load", flag.ExitOnError)
	clear := flags.String("clear", "", "HOST:PORT without TLS")
	tls := flags.String("tls", "", "HOST:PORT with TLS")
	authority := flags.String("ca", "", "file of the certificate authority")
	files := flags.String("files", "", "folder of what nginx serves")
	rate := flags.Float64("rate", 0, "requests per second; 0: as many as there are")
	seconds := flags.Float64("seconds", 10, "for how long")
	workers := flags.Int("workers", 64, "requests under way at once")
	long := flags.Int("long", 8, "WebSockets, and as many streams, at any time")
	flags.Parse(arguments)

	l := &loader{clear: *clear, tls: *tls, rate: *rate, clients: newClients(*tls, *authority, *workers), files: map[string][]byte{}, block: make([]byte, 1<<20)}
	rand.Seed(time.Now().UnixNano())
	rand.Read(l.block)
	names, _ := filepath.Glob(filepath.Join(*files, "*"))
	for _, name := range names {
		l.files[filepath.Base(name)], _ = os.ReadFile(name)
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Duration(*seconds*float64(time.Second)))
	defer stop()
	ctx, release := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer release()
	l.run(ctx, *workers, *long)
}

func (l *loader) run(ctx context.Context, workers, long int) {
	l.began = time.Now()
	l.count.began()
	var all sync.WaitGroup
	several := func(count int, one func(context.Context)) {
		for i := 0; i < count; i++ {
			all.Add(1)
			go func() { defer all.Done(); one(ctx) }()
		}
	}
	several(workers, l.work)
	several(long, func(ctx context.Context) {
		l.repeat(ctx, "websocket", func() error { return converse(l.clear, 20+rand.Intn(60)) })
	})
	several(long, func(ctx context.Context) { l.repeat(ctx, "stream", l.follow) })
	go func() {
		for range time.Tick(10 * time.Second) {
			l.tell()
		}
	}()
	all.Wait()
	l.tell()
}

func (l *loader) tell() {
	told := l.count.tell()
	told["seconds"] = time.Since(l.began).Seconds()
	told["missed"] = l.missed.Load()
	line, _ := json.Marshal(told)
	fmt.Println(string(line))
}

func (l *loader) work(ctx context.Context) {
	chance := rand.New(rand.NewSource(rand.Int63()))
	for ctx.Err() == nil {
		if !l.wait(ctx) {
			return
		}
		l.one(kinds[pick(chance)], chance)
	}
}

// wait takes the next place in the schedule and sleeps until it is due.
func (l *loader) wait(ctx context.Context) bool {
	if l.rate == 0 {
		return true
	}
	for {
		due := l.began.Add(time.Duration(float64(l.number.Add(1)) / l.rate * float64(time.Second)))
		ahead := time.Until(due)
		if ahead < -lateMost {
			l.missed.Add(1)
			continue
		}
		if ahead > 0 {
			select {
			case <-ctx.Done():
				return false
			case <-time.After(ahead):
			}
		}
		return ctx.Err() == nil
	}
}

func (l *loader) one(kind kind, chance *rand.Rand) {
	began := time.Now()
	again, err := kind.ask(l, chance)
	l.count.took(time.Since(began))
	l.count.again.Add(int64(again))
	l.judge(kind.name, err, kind.excused)
}

func (l *loader) judge(name string, err error, excused bool) {
	switch {
	case err == nil:
		l.count.right(name)
	case excused:
		l.count.excuse(name, err)
	default:
		l.count.wrong(name, time.Since(l.began), err)
	}
}

// repeat is for what lasts: it begins anew whenever it has ended.
func (l *loader) repeat(ctx context.Context, name string, once func() error) {
	for ctx.Err() == nil {
		err := once()
		l.judge(name, err, false)
		if err != nil {
			time.Sleep(tick)
		}
	}
}
