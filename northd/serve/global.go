package serve

import (
	"encoding/json"
	"maps"
	"strings"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
	"github.com/weft-sdn/weft/store"
)

// restore takes up where an earlier term left off.
func (l *leading) restore() {
	if b := l.sb.Snapshot().Blob(sb.CompiledPath); b != nil {
		if err := json.Unmarshal(b, &l.progress.compiled); err != nil {
			l.log.Warn("the mark of the last compilation is not readable", "err", err)
			l.progress.compiled = sb.Compiled{}
		}
		l.marked = l.progress.compiled.NBRevision != 0 && !l.progress.compiled.Partial
	}
	l.progress.restore(l.agents.status, l.agents.registrations())
	for row := range l.sb.Rows("SB_Global") {
		g := row.(*sb.SBGlobal)
		l.nbCfg, l.cfgAt = g.NBCfg, g.NBCfgTimestamp
	}
}

// globalRow is the change of SB_Global that goes with a compilation: nb_cfg,
// what NB_Global says for all of the deployment, and where etcd is.
func (l *leading) globalRow(target sb.Compiled) (store.Change, bool) {
	t := l.sb.Schema().Table("SB_Global")
	var old schema.Row
	next := t.New(schema.NameUUID("SB_Global")).(*sb.SBGlobal)
	for row := range l.sb.Rows(t.Name) {
		old, next = row, t.Clone(row).(*sb.SBGlobal)
	}
	if next.NBCfg != target.NBCfg || old == nil {
		next.NBCfg, next.NBCfgTimestamp = target.NBCfg, l.cfg.Now().UnixMilli()
	}
	next.Options = map[string]string{}
	for row := range l.nb.Rows("NB_Global") {
		g := row.(*nb.NBGlobal)
		next.IPsec = g.IPsec
		maps.Copy(next.Options, g.Options)
	}
	if len(l.endpoints) > 0 {
		next.Options["weft-etcd"] = strings.Join(l.endpoints, ",")
	}
	return store.Change{Table: t, UUID: next.UUID, Old: old, New: next}, old == nil || !t.Equal(old, next)
}
