package svccheck

import (
	"time"

	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/schema"
)

// check is a service that is asked again and again. A question ends with its answer or
// its timeout; the next comes an interval later.
type check struct {
	tables.LocalService
	id     schema.UUID
	due    time.Time // of the next question, or of the end of this one
	place  int       // in the schedule
	asked  bool      // a question waits for its answer
	from   uint16    // its source port, or identifier
	seq    uint32    // and sequence number
	streak int       // answers of one kind, one after another: failures are below 0
	tried  bool      // there was an answer
	online bool
}

// ask begins a question; random is fresh, so that nobody can answer without having seen
// it.
func (c *check) ask(now time.Time, random uint64) {
	const first = 49152 // RFC 6335, section 6
	c.from, c.seq = first+uint16(random>>32)%(1<<16-first), uint32(random)
	c.asked, c.due = true, now.Add(c.Timeout)
}

// silent is what no answer means: over TCP and ICMP there is one of who serves, over UDP one of
// who does not.
func (c *check) silent() (success bool) { return c.Proto == packet.ProtoUDP }

// answer ends a question.
func (c *check) answer(success bool, now time.Time) {
	c.asked, c.tried, c.due = false, true, now.Add(c.Interval)
	if success {
		if c.streak = max(c.streak, 0) + 1; c.streak >= c.Successes {
			c.online, c.streak = true, 0
		}
		return
	}
	if c.streak = min(c.streak, 0) - 1; -c.streak >= c.Failures {
		c.online, c.streak = false, 0
	}
}

// status is that of the row.
func (c *check) status() string {
	if c.online {
		return "online"
	}
	return "offline"
}
