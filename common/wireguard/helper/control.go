// The control channel: one JSON object a message over a SOCK_SEQPACKET pair, with at most one descriptor.
package main

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
)

// control reads on one goroutine and is written to from any.
type control struct {
	conn    *net.UnixConn
	writing sync.Mutex
	buffer  []byte
	spare   [256]byte // descriptors that nobody asked for
}

func newControl(descriptor uintptr) (*control, error) {
	kind, err := syscall.GetsockoptInt(int(descriptor), syscall.SOL_SOCKET, syscall.SO_TYPE)
	if err != nil {
		return nil, err
	}
	if kind != syscall.SOCK_SEQPACKET {
		return nil, errors.New("not a SOCK_SEQPACKET socket")
	}
	file := os.NewFile(descriptor, "control")
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, err
	}
	unix, ok := conn.(*net.UnixConn)
	if !ok {
		return nil, errors.New("not a Unix socket")
	}
	return &control{conn: unix, buffer: make([]byte, messageMost+1)}, nil
}

// read waits for the next request. io.EOF when the other end is gone; a *failure for a message that is none, which
// harms nothing.
func (c *control) read() (request, error) {
	var asked request
	n, spare, _, _, err := c.conn.ReadMsgUnix(c.buffer, c.spare[:])
	if err != nil {
		return asked, io.EOF
	}
	defer wipe(c.buffer[:n]) // there may have been keys in it
	closeDescriptors(c.spare[:spare])
	if n > messageMost {
		return asked, failuref(invalid, "a message is longer than %d bytes", messageMost)
	}
	if err := json.Unmarshal(c.buffer[:n], &asked); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return asked, failuref(invalid, "%s: a %s is of the wrong kind there", kind.Field, kind.Value)
		}
		return request{}, failuref(invalid, "a message is not a JSON object")
	}
	return asked, nil
}

// write sends a message, with the descriptor if there is one (0: none), which stays the caller's. It waits while the
// other end does not read.
func (c *control) write(message any, descriptor int) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	var rights []byte
	if descriptor > 0 {
		rights = syscall.UnixRights(descriptor)
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	_, _, err = c.conn.WriteMsgUnix(text, rights, nil)
	return err
}

func closeDescriptors(rights []byte) {
	messages, err := syscall.ParseSocketControlMessage(rights)
	if err != nil {
		return
	}
	for i := range messages {
		descriptors, err := syscall.ParseUnixRights(&messages[i])
		if err != nil {
			continue
		}
		for _, descriptor := range descriptors {
			syscall.Close(descriptor)
		}
	}
}

func wipe(bytes []byte) {
	for i := range bytes {
		bytes[i] = 0
	}
}
