package serve

import (
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
	"github.com/weft-sdn/weft/store"
)

// What clients write of rows and columns that chassis own lies in records, which
// the store keeps and shows where no chassis does (store.Config.Records). Here the
// compiler is told of them, and those of datapaths that go are deleted.

// noticeRecords has the compiler be told of the rows whose records changed.
func (l *leading) noticeRecords(commits []*store.Commit) {
	for _, c := range commits {
		for _, b := range c.Blobs {
			t, uuid, ok := l.sb.Record(b.Path)
			if !ok {
				continue
			}
			id := rowID{t, uuid}
			l.presented[id] = true
			if l.given[id] = true; b.New == nil {
				delete(l.given, id)
			}
		}
	}
}

// readRecords has the compiler be told of all rows that have records or had them.
func (l *leading) readRecords() {
	for id := range l.given {
		l.presented[id] = true
	}
	clear(l.given)
	for path := range l.sb.Snapshot().Blobs(sb.RecordsPath) {
		if t, uuid, ok := l.sb.Record(path); ok {
			id := rowID{t, uuid}
			l.presented[id], l.given[id] = true, true
		}
	}
}

// orphans are deletions of what clients wrote of datapaths that are deleted. What
// agents wrote of them, they delete themselves.
func (l *leading) orphans(rows []store.Change) (gone []store.Change) {
	if len(l.given) == 0 {
		return nil
	}
	ids, keys := map[schema.UUID]bool{}, map[int64]bool{}
	for _, c := range rows {
		if dp, ok := c.Old.(*sb.DatapathBinding); ok && c.New == nil {
			ids[c.UUID], keys[dp.TunnelKey] = true, true
		}
	}
	if len(ids) == 0 {
		return nil
	}
	snap := l.sb.Snapshot()
	for id := range l.given {
		orphan := false
		row := snap.Get(id.table.Name, id.uuid)
		switch row := row.(type) {
		case *sb.MACBinding:
			orphan = ids[row.Datapath]
		case *sb.LearnedRoute:
			orphan = ids[row.Datapath]
		case *sb.IGMPGroup:
			orphan = row.Datapath != nil && ids[*row.Datapath]
		case *sb.FDB:
			orphan = keys[row.DPKey]
		}
		if orphan && len(l.agents.records[id]) == 0 {
			gone = append(gone, store.Change{Table: id.table, UUID: id.uuid, Old: row})
		}
	}
	return gone
}
