package lower

import "errors"

// ErrVaries says that a flow names something that is not the same on all
// datapaths of the scope: it must be lowered for each of them.
var ErrVaries = errors.New("lower: not the same on all datapaths of the scope")
