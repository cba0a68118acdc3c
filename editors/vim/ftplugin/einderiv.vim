setlocal commentstring=#\ %s comments=:# formatprg=einderiv\ fmt\ - makeprg=einderiv\ show\ --format\ concise\ %
setlocal errorformat=%f:%l:%c:\ %trror[%m,%f:%l:%c:\ %tarning[%m
let b:undo_ftplugin = "setlocal commentstring< comments< formatprg< makeprg< errorformat<"
