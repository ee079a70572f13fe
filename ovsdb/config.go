package ovsdb

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/store"
)

// Config says what a Server serves.
type Config struct {
	// Databases are served under the names in their schemas, in _Server as
	// standalone ones until SetStatus says otherwise.
	Databases []*store.DB
	// Probe is how long a connection may be silent, and take nothing of what is
	// sent to it, before the server asks for a sign of life, and again until it
	// closes the connection; nobody is asked who waits for the server. One on a
	// Unix socket may be silent for ever, as with ovsdb-server. 0 means 60 s, as
	// OVN's databases have it, negative never.
	Probe time.Duration
	// MaxConnections bounds the connections at a time, MaxPerAddress those of one
	// IP address; 0 means 8192 and 2048.
	MaxConnections, MaxPerAddress int
	// MaxMessage bounds a request, in bytes; 0 means 64 MiB.
	MaxMessage int
	// MaxBacklog bounds the notifications that wait for a slow client, in
	// bytes; 0 means 64 MiB. One message may exceed it. MaxBacklogs bounds those
	// of all clients together; 0 means 1 GiB.
	MaxBacklog  int
	MaxBacklogs int64
	// MaxResults bounds the results of one connection's transactions that write
	// and of what else is not sent yet, in bytes; 0 means 64 MiB. What only
	// reads needs no bound: it is worked out as the client takes it.
	MaxResults int
	// MaxMonitors bounds the monitors and locks of one connection; 0 means 128.
	MaxMonitors int
	// MaxConditions bounds the conditions of one connection's monitors and the
	// names of its locks, in bytes of JSON; 0 means 16 MiB.
	MaxConditions int
	// Readers are the places of those that work out replies, shared with others
	// where it is not nil.
	Readers *store.Readers
	Log     *slog.Logger // nil: no log
}

// Status is what the row of a database in _Server says.
type Status struct {
	// Model is "standalone" or "clustered". Clients look at Leader and the
	// fields below it in clustered ones only.
	Model     string
	Connected bool
	Leader    bool
	// CID and SID name the cluster and this server in it. Clients insist on a
	// SID: without one, a clustered database gets the server's id.
	CID, SID *schema.UUID
	Index    *int64 // grows with every change of the cluster
}

const (
	defaultProbe          = 60 * time.Second
	defaultMaxConnections = 8192
	defaultMaxPerAddress  = 2048
	defaultMaxMessage     = 64 << 20
	defaultMaxBacklog     = 64 << 20
	defaultMaxBacklogs    = 1 << 30
	defaultMaxResults     = 64 << 20
	defaultMaxMonitors    = 128
	defaultMaxConditions  = 16 << 20
)

// complete checks the configuration and fills in defaults.
func (c Config) complete() (Config, error) {
	if len(c.Databases) == 0 {
		return c, errors.New("ovsdb: no database to serve")
	}
	seen := map[string]bool{serverName: true}
	for _, d := range c.Databases {
		name := d.Schema().Name
		if seen[name] {
			return c, fmt.Errorf("ovsdb: database %s twice", name)
		}
		seen[name] = true
	}
	c.Probe = cmp.Or(c.Probe, defaultProbe)
	c.MaxConnections = cmp.Or(c.MaxConnections, defaultMaxConnections)
	c.MaxPerAddress = cmp.Or(c.MaxPerAddress, defaultMaxPerAddress)
	c.MaxMessage = cmp.Or(c.MaxMessage, defaultMaxMessage)
	c.MaxBacklog = cmp.Or(c.MaxBacklog, defaultMaxBacklog)
	c.MaxBacklogs = cmp.Or(c.MaxBacklogs, defaultMaxBacklogs)
	c.MaxResults = cmp.Or(c.MaxResults, defaultMaxResults)
	c.MaxMonitors = cmp.Or(c.MaxMonitors, defaultMaxMonitors)
	c.MaxConditions = cmp.Or(c.MaxConditions, defaultMaxConditions)
	if c.Readers == nil {
		c.Readers = store.NewReaders(0)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}
