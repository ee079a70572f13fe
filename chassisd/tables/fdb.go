package tables

import (
	"bytes"
	"cmp"
	"fmt"
	"strconv"
	"time"

	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/chassisd/physical"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// FDB is what a chassis has learned of a sender; ports and datapaths are named by
// their tunnel keys, as in the row.
type FDB struct {
	SenderKey
	Port uint32
	Time int64 // ms since 1970
}

// SenderKey is an address on a switch.
type SenderKey struct {
	Datapath uint32
	MAC      packet.MAC
}

func (k SenderKey) String() string { return fmt.Sprintf("%d/%s", k.Datapath, k.MAC) }

// Compare orders keys.
func (k SenderKey) Compare(o SenderKey) int {
	return cmp.Or(cmp.Compare(k.Datapath, o.Datapath), bytes.Compare(k.MAC[:], o.MAC[:]))
}

// Sender is where an address is.
type Sender struct {
	Port     uint32
	ID       schema.UUID // of the port
	Localnet bool
	Time     int64  // when it was heard, ms since 1970
	By       string // the chassis that heard it
}

// Learning is a local switch as those need it who learn there.
type Learning struct {
	Key   uint32
	Aging time.Duration // after which what is learned is forgotten; 0 is never
}

// fdbTables bring what agents have learned to the ports of local switches.
type fdbTables struct {
	found *incr.Table[RecordOf, heard]
	byKey *incr.Index[RecordOf, heard, SenderKey]
	ports *incr.Index[schema.UUID, Port, portKey]
}

// heard is a record of a port that there is.
type heard struct {
	Key SenderKey
	Sender
}

// portKey names a port by its tunnel key.
type portKey struct {
	datapath schema.UUID
	key      uint32
}

// fdbRow reads a row.
func fdbRow(row *sb.FDB, _ Event) (f FDB, err error) {
	f = FDB{SenderKey{Datapath: uint32(row.DPKey)}, uint32(row.PortKey), row.Timestamp}
	if f.MAC, err = packet.ParseMAC(row.MAC); err != nil {
		return f, fmt.Errorf("mac %q: %w", row.MAC, err)
	}
	return f, nil
}

// joinFDB declares the senders that are known on local switches, whichever chassis
// has heard them, and their flows.
func (t *Tables) joinFDB() {
	f := &t.fdb
	local := incr.NewIndex(t.Local, "FDB key", func(_ schema.UUID, dp Datapath) []uint32 { return one(dp.Key) })
	byDatapath := incr.NewIndex(t.FDBs, "datapath", func(_ RecordOf, f FDB) []uint32 { return one(f.Datapath) })
	f.ports = incr.NewIndex(t.Ports, "tunnel key", func(_ schema.UUID, p Port) []portKey { return one(portKey{p.Datapath, p.Key}) })
	f.found = incr.NewTable(t.Engine, "FDB of ports", incr.Eq[heard], incr.Under(byDatapath, incr.Values(local)),
		func(r *incr.Reader, k RecordOf) (h heard, ok bool) {
			row, _ := incr.Get(r, t.FDBs, k)
			dp, _, ok := incr.One(r, local, row.Datapath)
			if !ok {
				return h, false
			}
			id, port, ok := incr.One(r, f.ports, portKey{dp, row.Port})
			return heard{row.SenderKey, Sender{row.Port, id, port.Type == localnet, row.Time, k.Chassis}}, ok
		})
	f.byKey = incr.NewIndex(f.found, "sender", func(_ RecordOf, h heard) []SenderKey { return one(h.Key) })
	t.Senders = incr.NewTable(t.Engine, "senders", incr.Eq[Sender], incr.Values(f.byKey), t.sender).Feed()
	t.FDBFlows = incr.NewTable(t.Engine, "FDB flows", incr.Eq[ofctrl.Flows], incr.Keys(t.Senders),
		packed(func(r *incr.Reader, k SenderKey) ([]ofctrl.Flow, bool) {
			s, ok := incr.Get(r, t.Senders, k)
			return physical.FDB(physical.Learned{
				Cookie: cookie(s.ID), Datapath: k.Datapath, Port: s.Port, MAC: k.MAC,
				Localnet: s.Localnet, Doubted: incr.Has(r, t.Doubts, k),
			}), ok
		})).Feed()
	t.Learning = incr.NewTable(t.Engine, "switches that learn", incr.Eq[Learning], incr.Keys(t.Local), t.learning).Feed()
	t.outdone()
}

// sender is where an address was heard last; of equal times, what the chassis with
// the last name heard, so that all agents say the same. A port of the switch itself
// comes before what is outside: a packet may come back from there.
func (t *Tables) sender(r *incr.Reader, k SenderKey) (s Sender, ok bool) {
	for _, h := range incr.Each(r, t.fdb.byKey, k) {
		if !ok || h.beats(s) {
			s, ok = h.Sender, true
		}
	}
	return s, ok
}

func (s Sender) beats(o Sender) bool {
	if s.Localnet != o.Localnet {
		return o.Localnet
	}
	return s.Time > o.Time || s.Time == o.Time && s.By > o.By
}

func (t *Tables) learning(r *incr.Reader, id schema.UUID) (Learning, bool) {
	dp, _ := incr.Get(r, t.Local, id)
	l := Learning{Key: dp.Key}
	if row, ok := incr.Get(r, t.Datapaths, id); ok {
		if s, err := strconv.ParseUint(row.ExternalIDs["fdb_age_threshold"], 10, 31); err == nil {
			l.Aging = time.Duration(s) * time.Second
		}
	}
	return l, !dp.Router
}

// outdone declares the records of this chassis that are good for nothing: others know
// better, the port is gone, or the switch is not needed here any more.
func (t *Tables) outdone() {
	self := incr.NewIndex(t.Self, "FDB name", func(_ struct{}, s Self) []string { return one(s.Name) })
	byChassis := incr.NewIndex(t.FDBs, "chassis", func(k RecordOf, _ FDB) []string { return one(k.Chassis) })
	needed := incr.NewIndex(t.Needed, "FDB key", func(_ schema.UUID, dp Datapath) []uint32 { return one(dp.Key) })
	t.Outdone = incr.NewTable(t.Engine, "outdone", incr.Eq[struct{}], incr.Under(byChassis, incr.Values(self)),
		func(r *incr.Reader, k RecordOf) (struct{}, bool) {
			row, _ := incr.Get(r, t.FDBs, k)
			dp, _, ok := incr.One(r, needed, row.Datapath)
			if !ok {
				return struct{}{}, true
			}
			if !incr.Has(r, t.Local, dp) {
				return struct{}{}, false // its ports are not known yet
			}
			_, found := incr.Get(r, t.fdb.found, k)
			best, _ := incr.Get(r, t.Senders, row.SenderKey)
			return struct{}{}, !found || best.By != k.Chassis
		}).Feed()
}
