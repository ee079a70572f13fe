package serve

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/store"
)

// identify has NB_Global's options say what northd chooses for a deployment once,
// and what this northd can: ovn-nb(5). Tools and clouds read them there, and in
// SB_Global, which has a copy. What a user has chosen stays.
func (l *leading) identify(ctx context.Context) error {
	for row := range l.nb.Rows("NB_Global") {
		g := row.(*nb.NBGlobal)
		if g == l.identified {
			return nil
		}
		if ops := l.identity(g); ops != nil {
			results, _ := l.nb.Transact(ctx, store.Client{Name: ourselves}, ops)
			for _, r := range results {
				if strings.Contains(string(r), `"error"`) {
					return fmt.Errorf("serve: set options of NB_Global: %s", r)
				}
			}
		}
		l.identified = g
	}
	return nil
}

// identity are the operations that make the options so; nil where they are.
func (l *leading) identity(g *nb.NBGlobal) []json.RawMessage {
	must := map[string]string{
		"max_tunid":               fmt.Sprint(model.MaxDatapathKey),
		"northd_internal_version": l.cfg.Version,
	}
	if g.Options["mac_prefix"] == "" {
		must["mac_prefix"] = randomMAC().String()[:len("00:00:00")]
	}
	if g.Options[model.ServiceMonitorMAC] == "" {
		must[model.ServiceMonitorMAC] = randomMAC().String()
	}
	var gone, come []any
	for key, value := range must {
		if now, ok := g.Options[key]; !ok || now != value {
			gone, come = append(gone, key), append(come, []any{key, value})
		}
	}
	if come == nil {
		return nil
	}
	return []json.RawMessage{schema.EncodeJSON(map[string]any{
		"op": "mutate", "table": "NB_Global", "where": []any{[]any{"_uuid", "==", []any{"uuid", g.UUID.String()}}},
		"mutations": []any{
			[]any{"options", "delete", []any{"set", gone}},
			[]any{"options", "insert", []any{"map", come}},
		},
	})}
}

// randomMAC is an Ethernet address of a host, administered locally.
func randomMAC() (m lflow.MAC) {
	_, _ = rand.Read(m[:]) // it never fails
	m[0] = m[0]&^1 | 2
	return m
}
