" Vim syntax file for einderiv, written by scripts/write_editor_grammars.py.
if exists("b:current_syntax")
  finish
endif

syntax match einName /[A-Za-zÀ-ÖØ-öø-ıĴ-ľŁ-ňŊ-žΆΈ-ΊΌΎ-ΡΣ-ώϑϕϰϱϵµ][A-Za-zÀ-ÖØ-öø-ıĴ-ľŁ-ňŊ-žΆΈ-ΊΌΎ-ΡΣ-ώϑϕϰϱϵµ0-9]*/
syntax match einPosition /[A-Za-zÀ-ÖØ-öø-ıĴ-ľŁ-ňŊ-žΆΈ-ΊΌΎ-ΡΣ-ώϑϕϰϱϵµ][A-Za-zÀ-ÖØ-öø-ıĴ-ľŁ-ňŊ-žΆΈ-ΊΌΎ-ΡΣ-ώϑϕϰϱϵµ0-9]*['′][A-Za-zÀ-ÖØ-öø-ıĴ-ľŁ-ňŊ-žΆΈ-ΊΌΎ-ΡΣ-ώϑϕϰϱϵµ0-9'′]*/
syntax match einNumber /\d\+\%(\.\d*\)\?\%([eE][+-]\?\d\+\)\?/
syntax match einOwn /[A-Za-zÀ-ÖØ-öø-ıĴ-ľŁ-ňŊ-žΆΈ-ΊΌΎ-ΡΣ-ώϑϕϰϱϵµ][A-Za-zÀ-ÖØ-öø-ıĴ-ľŁ-ňŊ-žΆΈ-ΊΌΎ-ΡΣ-ώϑϕϰϱϵµ0-9]*\ze(/
syntax match einSubscript /_[A-Za-zÀ-ÖØ-öø-ıĴ-ľŁ-ňŊ-žΆΈ-ΊΌΎ-ΡΣ-ώϑϕϰϱϵµ][A-Za-zÀ-ÖØ-öø-ıĴ-ľŁ-ňŊ-žΆΈ-ΊΌΎ-ΡΣ-ώϑϕϰϱϵµ0-9'′]*/
syntax region einBraces matchgroup=einSign start=/_{/ end=/}/ contains=einGathered,einLetters,einNumber,einSign
syntax match einLetters /[A-Za-zÀ-ÖØ-öø-ıĴ-ľŁ-ňŊ-žΆΈ-ΊΌΎ-ΡΣ-ώϑϕϰϱϵµ][A-Za-zÀ-ÖØ-öø-ıĴ-ľŁ-ňŊ-žΆΈ-ΊΌΎ-ΡΣ-ώϑϕϰϱϵµ0-9'′]*/ contained
syntax match einGathered /[A-Za-zÀ-ÖØ-öø-ıĴ-ľŁ-ňŊ-žΆΈ-ΊΌΎ-ΡΣ-ώϑϕϰϱϵµ][A-Za-zÀ-ÖØ-öø-ıĴ-ľŁ-ňŊ-žΆΈ-ΊΌΎ-ΡΣ-ώϑϕϰϱϵµ0-9]*_[A-Za-zÀ-ÖØ-öø-ıĴ-ľŁ-ňŊ-žΆΈ-ΊΌΎ-ΡΣ-ώϑϕϰϱϵµ][A-Za-zÀ-ÖØ-öø-ıĴ-ľŁ-ňŊ-žΆΈ-ΊΌΎ-ΡΣ-ώϑϕϰϱϵµ0-9'′]*/ contained contains=einSubscript
syntax match einFunction /\<\%(logsigmoid\|polygamma\|cholesky\|softplus\|digamma\|sigmoid\|lgamma\|logdet\|square\|acosh\|asinh\|atan2\|atanh\|expm1\|floor\|log1p\|round\|solve\|where\|acos\|asin\|atan\|ceil\|clip\|cosh\|erfc\|gelu\|relu\|sign\|silu\|sinh\|sqrt\|tanh\|abs\|cos\|det\|elu\|erf\|exp\|inv\|log\|max\|min\|pow\|sin\|tan\)\ze(/
syntax match einFunction /\<\%(logsoftmax\|logsumexp\|softmax\|argmax\|argmin\|cumsum\|mean\|norm\|prod\|max\|min\|sum\|Σ\)\ze_/
syntax match einConstant /\<\%(pi\|π\)\>/
syntax match einConstant /\<\%(epsilon\|delta\|δ\|ε\)\ze_/
syntax match einConstant /\%([0-9.]\)\@<!1\ze_\D/
syntax match einDerivative /∂\%([²³⁴⁵⁶⁷⁸⁹]\|\^[2-9]\)\?\|\<d[2-9]\?\ze(/
syntax match einSign /[-−+*\/^=<>≤≥≠!·⋅∘⊙×∈]/
syntax match einKeyword /^\s*\%(index\|given\|def\)\ze\s/
syntax match einKeyword /\<\%(symmetric\|in\)\>/
syntax match einRemark /#.*/ contains=@Spell

highlight default link einName Identifier
highlight default link einSubscript Special
highlight default link einLetters Special
highlight default link einPosition Special
highlight default link einGathered Identifier
highlight default link einNumber Number
highlight default link einOwn Function
highlight default link einFunction Function
highlight default link einConstant Constant
highlight default link einDerivative Statement
highlight default link einSign Operator
highlight default link einKeyword Keyword
highlight default link einRemark Comment

let b:current_syntax = "einderiv"
