package ovsdb

import (
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
	// Probe is how long a connection that is not a Unix socket may be silent
	// before the server asks for a sign of life, and again until it closes the
	// connection. 0 means 5 s, negative never.
	Probe time.Duration
	// MaxMessage bounds a request, in bytes; 0 means 256 MiB.
	MaxMessage int
	// MaxBacklog bounds the notifications that wait for a slow client, in
	// bytes; 0 means 64 MiB. One message may exceed it.
	MaxBacklog int
	// MaxHeld bounds the commits that wait while the initial content of a
	// monitor is prepared; 0 means 10,000.
	MaxHeld int
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
	defaultProbe      = 5 * time.Second
	defaultMaxMessage = 256 << 20
	defaultMaxBacklog = 64 << 20
	defaultMaxHeld    = 10000
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
	if c.Probe == 0 {
		c.Probe = defaultProbe
	}
	if c.MaxMessage == 0 {
		c.MaxMessage = defaultMaxMessage
	}
	if c.MaxBacklog == 0 {
		c.MaxBacklog = defaultMaxBacklog
	}
	if c.MaxHeld == 0 {
		c.MaxHeld = defaultMaxHeld
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}
