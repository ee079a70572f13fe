package view

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// formKey says in which form the Southbound database is stored.
const formKey = sb.Prefix + schema.FormPath

// checkForm tells whether this agent knows the form, as of rev. What it does not
// know is not read: what was told before stays.
func (v *View) checkForm(ctx context.Context, rev int64) error {
	res, err := v.get(ctx, formKey, clientv3.WithRev(rev))
	if err != nil || len(res.Kvs) == 0 {
		return err
	}
	_, err = schema.ParseForm(formKey, value(res.Kvs[0].Value))
	return err
}

// reformed tells whether one of the events says that the form is now one that
// this agent does not know.
func (v *View) reformed(evs []*clientv3.Event) bool {
	for _, ev := range evs {
		if string(ev.Kv.Key) == formKey && ev.Type == clientv3.EventTypePut {
			if _, err := schema.ParseForm(formKey, value(ev.Kv.Value)); err != nil {
				return true
			}
		}
	}
	return false
}
