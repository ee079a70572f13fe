package northd

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
)

// writeback is what northd has to write into a switch port's row because it
// says something else.
type writeback struct {
	up  bool
	tag int64 // 0: leave it
}

// portWriteback is the row function of table "write-back": it has a row as
// long as the northbound row is not as it should be.
func (c *Compiler) portWriteback(r *incr.Reader, id schema.UUID) (writeback, bool) {
	row, ok := incr.Get(r, c.lsp, id)
	p, parsed := incr.Get(r, c.parsedPorts, id)
	if !ok || !parsed {
		return writeback{}, false
	}
	claim, _ := incr.Get(r, c.claims, id)
	w := writeback{up: claim.Up}
	if p.Tag != 0 && (row.Tag == nil || *row.Tag != p.Tag) {
		w.tag = p.Tag
	}
	return w, w.tag != 0 || row.Up == nil || *row.Up != w.up
}

// writebacks returns the northbound changes for new rows of the table.
func (c *Compiler) writebacks(changes []incr.Change[schema.UUID, writeback]) []Change {
	var out []Change
	for _, ch := range changes {
		old, ok := c.lsp.Get(ch.Key)
		if !ch.Has || !ok {
			continue
		}
		row := *old
		row.Up = &ch.New.up
		columns := []string{"up"}
		if ch.New.tag != 0 {
			row.Tag = &ch.New.tag
			columns = append(columns, "tag")
		}
		out = append(out, Change{Table: "Logical_Switch_Port", UUID: ch.Key, Old: old, New: &row, Columns: columns})
	}
	return out
}
