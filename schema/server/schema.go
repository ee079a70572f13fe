package server

import (
	"sync"

	"github.com/weft-sdn/weft/schema"
)

// Database is one database that the server serves. The optional columns are
// there for clustered ones only, except schema, which is there unless the
// database is a cluster's that this server has not joined yet.
type Database struct {
	schema.Header `ovs:"Database,root"`

	Name      string       `ovs:"name"`
	Model     string       `ovs:"model,enum=standalone|clustered|relay"`
	Connected bool         `ovs:"connected"`
	Leader    bool         `ovs:"leader"`
	Schema    *string      `ovs:"schema"`
	CID       *schema.UUID `ovs:"cid"`
	SID       *schema.UUID `ovs:"sid"`
	Index     *int64       `ovs:"index"`
}

// Schema returns the descriptors of _Server. They are made at the first call
// and never change.
func Schema() *schema.Database { return descriptors() }

var descriptors = sync.OnceValue(func() *schema.Database {
	return schema.NewDatabase("_Server", "1.2.0", "3009684573 744", (*Database)(nil))
})
