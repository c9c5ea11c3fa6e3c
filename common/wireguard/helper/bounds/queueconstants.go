// The bounds of wireguard-go's queues and buffers, in place of its queueconstants_default.go, which it has for each
// platform: with its values for Linux each packet takes a buffer of 64 KiB, and one busy peer 128 MB.

package device

const (
	QueueStagedSize            = 128
	QueueOutboundSize          = 512
	QueueInboundSize           = 512
	QueueHandshakeSize         = 1024 // an eighth is load, and more than the door lets in
	MaxSegmentSize             = 9216 // the largest datagram: a jumbo frame
	PreallocatedBuffersPerPool = 0    // no bound of its own: what waits is bounded by the queues
)
