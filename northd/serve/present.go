package serve

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
	"github.com/weft-sdn/weft/store"
)

// present shows in the Southbound database what agents wrote about the rows
// that were touched since the last call.
func (l *leading) present(ctx context.Context) error {
	ids := l.agents.take()
	if len(ids) == 0 {
		return nil
	}
	ids = l.again(ids)
	snap := l.sb.Snapshot()
	var changes []store.Change
	for _, id := range ids {
		old := snap.Get(id.table.Name, id.uuid)
		row := l.shown(id, old)
		if row == nil && old == nil {
			continue
		}
		l.owners.set(id, l.agents.of(id))
		l.presented[id] = true
		changes = append(changes, store.Change{Table: id.table, UUID: id.uuid, Old: old, New: row})
		if id.table.Name == "Chassis" { // what clients wrote may refer to it
			maps.Copy(l.presented, l.given)
		}
	}
	if err := l.sb.Present(ctx, l.agents.rev, changes); err != nil {
		for _, id := range ids {
			l.agents.touched[id] = true
		}
		return fmt.Errorf("serve: present what agents wrote: %w", err)
	}
	clear(l.leftOut)
	for _, p := range l.sb.LeftOut() {
		l.leftOut[rowID{l.sb.Schema().Table(p.Table), p.UUID}] = true
	}
	return nil
}

// again are rows that agents wrote and that were left out, where one of those
// touched may have been what kept them out.
func (l *leading) again(ids []rowID) []rowID {
	if len(l.leftOut) == 0 || !slices.ContainsFunc(ids, func(id rowID) bool { return id.table.Owner == schema.OwnerChassis }) {
		return ids
	}
	for id := range l.leftOut {
		l.agents.touched[id] = true
	}
	return slices.Concat(ids, l.agents.take())
}

// shown is a row of which the columns that agents own are as they wrote them; nil
// where none did.
func (l *leading) shown(id rowID, old schema.Row) schema.Row {
	records := l.agents.of(id)
	switch {
	case len(records) == 0:
		return nil
	case id.table.Owner != schema.OwnerChassis && old == nil:
		return nil // a claim of a port that is no more, or not yet compiled
	case id.table.Owner != schema.OwnerChassis:
		return l.winner(old, records)
	}
	row := newest(records).row
	switch r := row.(type) {
	case *sb.MACBinding:
		return lastLearned(records)
	case *sb.Chassis:
		encaps := l.agents.ownEncaps(r)
		if l.agents.hidden[r.Name] != "" {
			return nil
		}
		own := *r
		own.Encaps = encaps
		return &own
	case *sb.Encap:
		if _, outdone := l.agents.outdone(r, newest(records).chassis); outdone {
			return nil
		}
	case *sb.ChassisPrivate:
		own, seen := *r, l.agents.cfg[r.Name]
		own.NBCfg, own.NBCfgTimestamp = seen.cfg, seen.at
		return &own
	}
	return row
}

// winner picks the record that counts; for a port, that of the chassis that
// has it.
func (l *leading) winner(row schema.Row, records []record) schema.Row {
	if len(records) == 0 {
		return nil
	}
	port, ok := row.(*sb.PortBinding)
	if !ok {
		return newest(records).row
	}
	claims := make([]sb.Claim, len(records))
	for i, r := range records {
		claims[i] = sb.Claim{Chassis: r.chassis, Revision: r.rev}
	}
	name := sb.Winner(l.agents.chassisNamed(requested(port.Options)), claims)
	for _, r := range records {
		if r.chassis == name {
			return r.row
		}
	}
	return nil
}

// requested is the first chassis of options:requested-chassis, by name or
// host name.
func requested(options map[string]string) string {
	first, _, _ := strings.Cut(options["requested-chassis"], ",")
	return first
}

// lastLearned is the neighbour that agents make flows of: what was learned last, and
// of equal times that of the chassis with the last name.
func lastLearned(records []record) schema.Row {
	best := records[0]
	for _, r := range records[1:] { // by name
		if r.row.(*sb.MACBinding).Timestamp >= best.row.(*sb.MACBinding).Timestamp {
			best = r
		}
	}
	return best.row
}

func newest(records []record) record {
	best := records[0]
	for _, r := range records[1:] {
		if r.rev > best.rev {
			best = r
		}
	}
	return best
}
