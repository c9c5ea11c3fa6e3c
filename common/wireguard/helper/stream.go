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
	"gvisor.dev/gvisor/pkg/waiter"
)

// The socket pair holds at most about this many bytes in each direction.
const pairBuffer = 256 << 10

// stream copies both ways until both have ended. How an end looks:
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
	readable chan struct{}
	writable chan struct{}

	file    *os.File // our end of the pair
	raw     syscall.RawConn
	ends    atomic.Int32  // directions that have ended in order
	aborted chan struct{} // or finished
	once    sync.Once
	running sync.WaitGroup
}

// newStream takes over the endpoint and returns the descriptor for the parent as well, which is the caller's.
func newStream(endpoint tcpip.Endpoint, queue *waiter.Queue, remote netip.Addr) (*stream, int, error) {
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
		readable: make(chan struct{}, 1),
		writable: make(chan struct{}, 1),
		file:     os.NewFile(uintptr(pair[0]), ""),
		aborted:  make(chan struct{}),
	}
	s.raw, err = s.file.SyscallConn()
	if err != nil {
		endpoint.Abort()
		s.file.Close()
		unix.Close(pair[1])
		return nil, 0, failuref(failed, "socket pair: %s", err)
	}
	watch(endpoint)
	s.entry.Init(s, waiter.ReadableEvents|waiter.WritableEvents|waiter.EventHUp|waiter.EventErr)
	queue.EventRegister(&s.entry)
	return s, pair[1], nil
}

// NotifyEvent is called by the stack (waiter.EventListener).
func (s *stream) NotifyEvent(mask waiter.EventMask) {
	if mask&(waiter.ReadableEvents|waiter.EventHUp|waiter.EventErr) != 0 {
		raise(s.readable)
	}
	if mask&(waiter.WritableEvents|waiter.EventHUp|waiter.EventErr) != 0 {
		raise(s.writable)
	}
}

func raise(flag chan struct{}) {
	select {
	case flag <- struct{}{}:
	default:
	}
}

// run copies until both directions have ended.
func (s *stream) run(log *logger) {
	s.running.Add(2)
	go guard(log, s.toParent)
	go guard(log, s.toNetwork)
	s.running.Wait()
	s.queue.EventUnregister(&s.entry)
	s.finish(s.endpoint.Close)
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
