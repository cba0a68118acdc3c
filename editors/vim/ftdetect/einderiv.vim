autocmd BufRead,BufNewFile *.ein setfiletype einderiv
