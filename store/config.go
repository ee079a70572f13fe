package store

import (
	"errors"
	"fmt"
	"log/slog"
	"path"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/schema"
)

// Config says which database is kept where. Schema, Client and Prefix are
// required.
type Config struct {
	Schema *schema.Database
	Client *clientv3.Client
	// Prefix is where the rows lie: "/weft/nb/".
	Prefix string
	// LogKey is put in every etcd transaction of this database, with who made
	// it; its history is the database's. "" derives it: "/weft/log/nb".
	LogKey string
	// Guard returns the comparison that every write depends on, that of the
	// leader's term; the zero Cmp while somebody else leads. nil: no guard,
	// writes are always allowed.
	Guard func() clientv3.Cmp
	// Limits are what an etcd transaction may hold; zero fields mean those of
	// a server with default flags. See store/etcd.Probe.
	Limits Limits
	// Virtual are the tables that are presented from blobs, by name.
	Virtual map[string]Virtual
	// Records is where it lies below Prefix what clients write of rows and columns
	// that schema.OwnerChassis owns: "clients/" for clients/<Table>/<uuid>, each a
	// row as schema.EncodeRow has it. Where a chassis shows the same, that holds.
	// "": clients may not write them.
	Records string
	// Epoch tells names of states apart that etcd may have given twice: it is
	// another one after etcd was put back to an earlier state in place.
	Epoch string
	// Seen, if set, is called with the newest event of each answer of the watch. It
	// must not block.
	Seen func(*clientv3.Event)
	// Authorize, if set, is asked about each row that a client's transaction
	// inserts, updates or deletes, with the columns that the operation names
	// (all for a deletion). Its error refuses the transaction. Where it is set,
	// clients may delete rows that a chassis shows: whoever set it passes that on
	// to the chassis.
	Authorize func(c Client, op string, t *schema.Table, cols []*schema.Column, row schema.Row) error
	// History is how many commits are kept for Since; 0 means 1000.
	History int
	// HistoryBytes is about how much memory they may take; 0 means 32 MiB.
	HistoryBytes int
	// CommitTimeout is how long a write waits for etcd before it fails; 0
	// means 5 s.
	CommitTimeout time.Duration
	// MaxLooked bounds how many rows one transaction that writes may look at
	// while all others wait; 0 means 2,000,000, some 0.3 s.
	MaxLooked int
	// Readers are the places of those that read; databases may share them. nil
	// means NewReaders(0).
	Readers *Readers
	Log     *slog.Logger     // nil: no log
	Now     func() time.Time // nil: time.Now
}

// Limits is what one etcd transaction may hold.
type Limits struct {
	TxnOps       int // operations
	RequestBytes int // encoded size
}

// Virtual presents rows that lie packed in blobs. Its table has no rows of its
// own: no client can write it, and nothing of it is counted as a reference.
type Virtual struct {
	// Path is where the blobs lie below Config.Prefix, each below the UUID of its
	// owner: "flows/" for flows/<owner>/<any name>.
	Path string
	// Owners is a table of which an owner may be a row, which Expand is told; ""
	// is none. Where such a row comes or goes, the rows of its blobs change.
	Owners string
	// Expand calls yield with the rows of one blob, until it returns false. The rows
	// must follow from the blob alone, their UUIDs from its path and data. Unless
	// they are to be kept, a row is good for its call of yield only, and may be
	// the next one then.
	Expand func(b Blob, keep bool, yield func(schema.Row) bool) error
}

// Blob is what rows of a virtual table are made of, in one state of the database.
type Blob struct {
	Path  string      // relative to Config.Prefix
	Owner schema.UUID // as Path has it; zero where that is no UUID
	// Listed: in that state the owner is a row of table Virtual.Owners.
	Listed bool
	Data   []byte
}

// Client is who a transaction is for.
type Client struct {
	Name string // for the log and the history: "unix#12", "tcp:10.0.0.1:4711"
	Role string // for Authorize
	// Holds tells whether the client owns a lock, for the operation assert.
	Holds func(lock string) bool
	// Waits, if set, is called when a transaction has to wait until what its
	// operation wait asks for is true. It must not block.
	Waits func()
	// Room, if set, tells whether there is room for that many bytes of results
	// of a transaction that writes, which lie in memory; for each execution it
	// is called anew, with growing numbers. It must not block.
	Room func(bytes int) bool
}

const (
	defaultHistory       = 1000
	defaultHistoryBytes  = 32 << 20
	defaultCommitTimeout = 5 * time.Second
	defaultMaxLooked     = 2000000
	defaultTxnOps        = 128
	defaultRequestBytes  = 1536 << 10
)

// complete checks the configuration and fills in defaults.
func (c Config) complete() (Config, error) {
	if c.Schema == nil || c.Client == nil {
		return c, errors.New("store: a database needs a schema and an etcd client")
	}
	if !strings.HasPrefix(c.Prefix, "/") || !strings.HasSuffix(c.Prefix, "/") || len(c.Prefix) < 3 {
		return c, fmt.Errorf("store: prefix %q is not of the form /x/", c.Prefix)
	}
	if c.LogKey == "" {
		dir, base := path.Split(strings.TrimSuffix(c.Prefix, "/"))
		c.LogKey = dir + "log/" + base
	}
	if strings.HasPrefix(c.LogKey, c.Prefix) {
		return c, fmt.Errorf("store: log key %q lies below the prefix %q", c.LogKey, c.Prefix)
	}
	if c.Records != "" && (!isBlobPath(c.Records) || !strings.HasSuffix(c.Records, "/")) {
		return c, fmt.Errorf("store: records at %q: not of the form x/", c.Records)
	}
	for name, v := range c.Virtual {
		if v.Owners != "" && c.Schema.Table(v.Owners) == nil {
			return c, fmt.Errorf("store: virtual table %s: no table %s of owners", name, v.Owners)
		}
	}
	if c.Limits.TxnOps == 0 {
		c.Limits.TxnOps = defaultTxnOps
	}
	if c.Limits.RequestBytes == 0 {
		c.Limits.RequestBytes = defaultRequestBytes
	}
	if c.History == 0 {
		c.History = defaultHistory
	}
	if c.HistoryBytes == 0 {
		c.HistoryBytes = defaultHistoryBytes
	}
	if c.CommitTimeout == 0 {
		c.CommitTimeout = defaultCommitTimeout
	}
	if c.MaxLooked == 0 {
		c.MaxLooked = defaultMaxLooked
	}
	if c.Readers == nil {
		c.Readers = NewReaders(0)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, nil
}
