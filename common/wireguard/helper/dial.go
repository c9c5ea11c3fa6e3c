// Opening a connection, and the cure for a peer that was restarted without a word: WireGuard itself notices only after
// 15 s that its keys are answered no more, and TCP then waits for its next attempt.
package main

import (
	"context"
	"net/netip"
	"time"

	"golang.zx2c4.com/wireguard/device"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"
)

const (
	// The first attempt ends soon; each further one, after a handshake, may take twice as long as the one before.
	firstAttempt = 800 * time.Millisecond
	timeoutMost  = 2 * time.Minute

	sessionLasts = device.RejectAfterTime
	renewalsRest = firstAttempt / 2 // several dials fail together; one handshake is enough for all
)

// dial connects to `to`. When that fails by silence, and nothing else was heard of the peer meanwhile, its keys are
// given up and a handshake begins. A session that works is never touched: its peer would have been heard.
func (n *network) dial(to netip.AddrPort, k key, timeout time.Duration) (int, netip.AddrPort, error) {
	if timeout <= 0 || timeout > timeoutMost {
		timeout = timeoutMost
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if !n.peers.wake(k) {
		return 0, netip.AddrPort{}, failuref(invalid, "peer: %s is not known", k)
	}
	if time.Since(time.Unix(0, n.peers.current(k).Handshake)) > sessionLasts {
		n.renew(k)
	}
	n.dials(to.Addr(), 1)
	defer n.dials(to.Addr(), -1)
	for attempt := firstAttempt; ; attempt *= 2 {
		heard := n.peers.current(k).Received
		descriptor, from, err := n.attempt(ctx, to, attempt)
		if err == nil || ctx.Err() != nil || n.isClosed() {
			return descriptor, from, err
		}
		if why, silent := err.(*failure); !silent || why.reason != connectionTimeout {
			return 0, from, err
		}
		if n.peers.current(k).Received == heard {
			n.renew(k)
		}
	}
}

// renew makes WireGuard forget the session and begin a handshake, with where the peer was said to be: it may have been
// heard last from an address that is no more.
func (n *network) renew(k key) {
	if !n.peers.mayRenew(k, time.Now()) {
		return
	}
	n.peers.sendHome(k)
	if known := n.device.LookupPeer(device.NoisePublicKey(k)); known != nil {
		known.ExpireCurrentKeypairs()
		known.SendHandshakeInitiation(false)
	}
}

// attempt is one TCP handshake.
func (n *network) attempt(ctx context.Context, to netip.AddrPort, timeout time.Duration) (int, netip.AddrPort, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	queue := new(waiter.Queue)
	endpoint, problem := n.stack.NewEndpoint(tcp.ProtocolNumber, protocolFor(to.Addr()), queue)
	if problem != nil {
		return 0, netip.AddrPort{}, failuref(failed, "%s: %s", to, problem)
	}
	entry, done := waiter.NewChannelEntry(waiter.WritableEvents | waiter.EventHUp | waiter.EventErr)
	queue.EventRegister(&entry)
	problem = endpoint.Connect(fullAddress(to))
	if _, started := problem.(*tcpip.ErrConnectStarted); started {
		select {
		case <-done:
			problem = endpoint.LastError()
		case <-ctx.Done():
			problem = &tcpip.ErrTimeout{}
		case <-n.closed:
			problem = &tcpip.ErrAborted{}
		}
	}
	queue.EventUnregister(&entry)
	if problem != nil {
		endpoint.Close()
		return 0, netip.AddrPort{}, dialFailure(to, problem)
	}
	local, _ := endpoint.GetLocalAddress()
	descriptor, err := n.adopt(endpoint, queue, to.Addr())
	return descriptor, addrPort(local), err
}

func dialFailure(to netip.AddrPort, problem tcpip.Error) error {
	switch problem.(type) {
	case *tcpip.ErrTimeout:
		return failuref(connectionTimeout, "%s does not answer", to)
	case *tcpip.ErrConnectionRefused, *tcpip.ErrConnectionReset:
		return failuref(connectionRefused, "%s refuses the connection", to)
	}
	return failuref(failed, "%s: %s", to, problem)
}
