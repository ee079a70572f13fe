package etcd

// Limits is what one etcd transaction may hold.
type Limits struct {
	TxnOps       int // operations, and comparisons
	RequestBytes int // size of the encoded request
}

// DefaultLimits are those of an etcd server that was started without flags.
func DefaultLimits() Limits { return Limits{TxnOps: 128, RequestBytes: 1536 << 10} }

// EmbeddedLimits are those that Start asks for. A request is one raft entry
// and lies in memory a few times while it is applied, which is what bounds it.
func EmbeddedLimits() Limits { return Limits{TxnOps: 1 << 20, RequestBytes: 1 << 30} }
