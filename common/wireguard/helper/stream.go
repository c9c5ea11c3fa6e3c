// One TCP connection of the tunnel and the socket pair by which our parent has it.
package main

import (
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// The socket pair holds at most about this many bytes in each direction.
const pairBuffer = 128 << 10

// stream copies both ways until both have ended. While it is idle it holds one goroutine, which waits for the parent's
// bytes; the network's are copied by another that lives while there are some. How an end looks:
//
//   - The network's FIN is an end of file for the parent (only that direction is shut down), and the parent's
//     shutdown(SHUT_WR) is a FIN. The other direction goes on.
//   - A reset or a dead peer closes our end whole: the parent reads what came before, then end of file; its poll says
//     POLLHUP with it and writing fails with EPIPE. A socket pair has no better word (ECONNRESET comes when bytes of the parent
//     are left unread), so protocols over it must know where their messages end.
//   - The parent's close is a FIN when all was read and a reset when not, as for any TCP socket.
type stream struct {
	remote   netip.Addr
	endpoint tcpip.Endpoint
	queue    *waiter.Queue
	entry    waiter.Entry
	pulling  atomic.Int32 // toParent's state
	writable chan struct{}

	file    *os.File // our end of the pair
	raw     syscall.RawConn
	ends    atomic.Int32  // directions that have ended in order
	aborted chan struct{} // or finished
	once    sync.Once
	log     *logger
}

// The states of toParent.
const (
	pullIdle int32 = iota
	pullRuns
	pullAgain // it runs, and there is news that it may not have seen
	pullEnded
)

// newStream takes over the endpoint, one beside so many others, and returns the descriptor for the parent as well, which
// is the caller's.
func newStream(endpoint tcpip.Endpoint, queue *waiter.Queue, remote netip.Addr, others int, log *logger) (*stream, int, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		endpoint.Abort()
		return nil, 0, failuref(failed, "socket pair: %s", err)
	}
	for _, end := range pair {
		_ = unix.SetsockoptInt(end, unix.SOL_SOCKET, unix.SO_SNDBUF, pairBuffer)
	}
	s := &stream{
		remote:   remote,
		endpoint: endpoint,
		queue:    queue,
		writable: make(chan struct{}, 1),
		file:     os.NewFile(uintptr(pair[0]), ""),
		aborted:  make(chan struct{}),
		log:      log,
	}
	s.raw, err = s.file.SyscallConn()
	if err != nil {
		endpoint.Abort()
		s.file.Close()
		unix.Close(pair[1])
		return nil, 0, failuref(failed, "socket pair: %s", err)
	}
	prepare(endpoint, others)
	s.entry.Init(s, waiter.ReadableEvents|waiter.WritableEvents|waiter.EventHUp|waiter.EventErr)
	queue.EventRegister(&s.entry)
	return s, pair[1], nil
}

// NotifyEvent is called by the stack (waiter.EventListener).
func (s *stream) NotifyEvent(mask waiter.EventMask) {
	if mask&(waiter.ReadableEvents|waiter.EventHUp|waiter.EventErr) != 0 {
		s.pull()
	}
	if mask&(waiter.WritableEvents|waiter.EventHUp|waiter.EventErr) != 0 {
		select {
		case s.writable <- struct{}{}:
		default:
		}
	}
}

// pull sees to it that what the network has sent is looked at.
func (s *stream) pull() {
	for {
		switch s.pulling.Load() {
		case pullIdle:
			if s.pulling.CompareAndSwap(pullIdle, pullRuns) {
				go guard(s.log, s.toParent)
				return
			}
		case pullRuns:
			if s.pulling.CompareAndSwap(pullRuns, pullAgain) {
				return
			}
		default:
			return
		}
	}
}

// run copies until both directions have ended.
func (s *stream) run() {
	s.pull()
	s.toNetwork()
	s.finish(s.endpoint.Close)
	s.queue.EventUnregister(&s.entry)
}

// delivered says whether the network has acknowledged all that our end had to say, its end included.
func (s *stream) delivered() bool {
	switch tcp.EndpointState(s.endpoint.State()) {
	case tcp.StateFinWait2, tcp.StateTimeWait, tcp.StateClose, tcp.StateError:
		return true
	}
	return false
}

// abort ends both directions now: the network sees a reset.
func (s *stream) abort() { s.finish(s.endpoint.Abort) }

func (s *stream) finish(endpoint func()) {
	s.once.Do(func() {
		close(s.aborted)
		endpoint()
		s.file.Close()
	})
}
