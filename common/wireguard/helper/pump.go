// The two directions of a stream. A buffer is taken only while there is something to copy, so that an idle stream holds
// none; whoever cannot write waits and reads nothing meanwhile, which is the back-pressure.
package main

import (
	"bytes"
	"sync"
	"time"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
)

const copyBuffer = 64 << 10

var copyBuffers = sync.Pool{New: func() any { return new([copyBuffer]byte) }}

// toParent copies what the network has sent into the socket pair, until there is no more for now.
func (s *stream) toParent() {
	for {
		switch err := s.copyToParent(); err.(type) {
		case nil:
			continue
		case *tcpip.ErrWouldBlock:
			if s.pulling.CompareAndSwap(pullRuns, pullIdle) {
				return
			}
			s.pulling.Store(pullRuns)
			continue
		case *tcpip.ErrClosedForReceive:
			s.shutParent()
		default:
			s.abort()
		}
		s.pulling.Store(pullEnded)
		return
	}
}

// copyToParent copies one buffer.
func (s *stream) copyToParent() tcpip.Error {
	buffer := copyBuffers.Get().(*[copyBuffer]byte)
	defer copyBuffers.Put(buffer)
	into := tcpip.SliceWriter(buffer[:])
	result, err := s.endpoint.Read(&into, tcpip.ReadOptions{})
	if err != nil {
		return err
	}
	if _, err := s.file.Write(buffer[:result.Count]); err != nil {
		return &tcpip.ErrAborted{} // the parent has closed its end: there is nobody for it
	}
	s.endpoint.ModerateRecvBuf(result.Count)
	return nil
}

// shutParent says that the network sends no more.
func (s *stream) shutParent() {
	_ = s.raw.Control(func(descriptor uintptr) { unix.Shutdown(int(descriptor), unix.SHUT_WR) })
	if s.ends.Add(1) == 2 {
		_ = s.file.SetReadDeadline(time.Unix(1, 0)) // ends awaitHangUp
	}
}

// toNetwork copies what the parent writes into the connection; it ends when both directions have.
func (s *stream) toNetwork() {
	var buffer *[copyBuffer]byte
	var n int
	var failure error
	read := func(descriptor uintptr) bool {
		buffer = copyBuffers.Get().(*[copyBuffer]byte)
		for {
			n, failure = unix.Read(int(descriptor), buffer[:])
			if failure != unix.EINTR {
				break
			}
		}
		if failure == nil && n > 0 {
			return true
		}
		copyBuffers.Put(buffer)
		buffer = nil
		return failure != unix.EAGAIN
	}
	for {
		if s.raw.Read(read) != nil || failure != nil {
			s.abort() // ECONNRESET: the parent closed with bytes unread
			return
		}
		if n == 0 {
			break
		}
		err := s.write(buffer[:n])
		copyBuffers.Put(buffer)
		buffer = nil
		if err != nil {
			s.abort()
			return
		}
	}
	s.endpoint.Shutdown(tcpip.ShutdownWrite)
	if s.ends.Add(1) < 2 {
		s.awaitHangUp()
	}
}

// awaitHangUp waits until the other direction has ended as well, or the parent has closed its end: then nobody reads.
func (s *stream) awaitHangUp() {
	_ = s.raw.Read(func(descriptor uintptr) bool {
		state := []unix.PollFd{{Fd: int32(descriptor)}}
		n, err := unix.Poll(state, 0)
		return err == nil && n == 1 && state[0].Revents&unix.POLLHUP != 0
	})
}

// write waits until the connection has taken all.
func (s *stream) write(data []byte) tcpip.Error {
	for reader := bytes.NewReader(data); reader.Len() > 0; {
		_, err := s.endpoint.Write(reader, tcpip.WriteOptions{})
		switch err.(type) {
		case nil:
		case *tcpip.ErrWouldBlock:
			select {
			case <-s.writable:
			case <-s.aborted:
				return &tcpip.ErrAborted{}
			}
		default:
			return err
		}
	}
	return nil
}
