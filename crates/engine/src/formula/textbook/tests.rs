use super::*;
use crate::formula::{differentiate, parse};
use crate::op::Kind;
use crate::ops::table;

fn form(text: &str, known: &[(&str, &str)]) -> String {
    let known: Vec<(&str, Formula)> = known.iter().map(|(letter, text)| (*letter, parse(text).unwrap())).collect();
    textbook(&parse(text).unwrap(), &known).to_string()
}

fn derivative(text: &str, by: &str, known: &[(&str, &str)]) -> String {
    let known: Vec<(&str, Formula)> = known.iter().map(|(letter, text)| (*letter, parse(text).unwrap())).collect();
    textbook(&differentiate(&parse(text).unwrap(), by), &known).to_string()
}

#[test]
fn cards() {
    for entry in table::<f64>() {
        let about = entry.about;
        let activation = about.kind == Kind::Activation;
        if !activation && about.kind != Kind::PointwiseLoss {
            continue;
        }
        let known: &[(&str, &str)] = &[("a", about.formula)];
        let with = if activation { derivative(about.formula, "z", known) } else { String::new() };
        let bare = derivative(about.formula, about.partials[0].by, &[]);
        println!(
            "{:22} {:60}\n      card  {}\n      with  {}\n      bare  {}",
            about.name, about.formula, about.partials[0].formula, with, bare
        );
    }
}

#[test]
fn try_some() {
    for text in [
        "2*3*z",
        "z*z*z/z",
        "1/2",
        "0.5*z*2",
        "z/3 + z/3",
        "-(y - a)",
        "-2*(y-a)",
        "(y-a)^2",
        "-y + a",
        "z^2^0.5",
        "sqrt(z^2)",
        "sqrt(z)*sqrt(z)",
        "z*sqrt(z)",
        "2^z*2",
        "2^3",
        "4^(1/2)",
        "8^(1/3)",
        "1/(1+exp(-z))",
        "exp(-z)/(1+exp(-z))^2",
        "log(1+exp(z))",
        "exp(z)*exp(-z)",
        "exp(z)^2*exp(y)",
        "1 - (1 - z)",
        "(z+1)*(z-1)",
        "a*(1-a)*(1-a)",
        "where(0 >= z, 0, 1)",
        "where(1 <= max(0,(z+3)/6), 0, where(0 >= (z+3)/6, 0, 1/6))",
        "1e300*1e300*z",
        "z/0",
        "0/0",
        "0*log(0)",
        "sigmoid(z)*(1-sigmoid(z))",
        "sigmoid(z)+sigmoid(-z)",
        "z*sigmoid(z)*sigmoid(-z)+sigmoid(z)",
        "1/(1+z) - z/(1+z)^2",
        "1 - y/a",
        "-(y/a - (1-y)/(1-a))",
        "expm1(z)+1",
        "abs(z)^2",
        "sign(z)*abs(z)",
        "2*a-2*y",
        "(2*a-2*y)*z",
        "3*z^2+z^3",
        "z^y/z",
        "(z^2)^y",
        "-z^2",
        "(-z)^2",
        "(-z)^3",
        "tanh(-z)",
        "cosh(y-a)*tanh(a-y)",
        "a+b*c+(a+b)",
        "z^-1 + z^(-1)",
        "0.1+0.2",
        "1/z/z",
        "z/(2*y)*4",
        "2/3*z",
        "exp(z)*z*2",
        "z^n*n",
        "pi*2",
        "(z*y)^2",
        "(z+z)^2",
        "max(z,z)",
        "log(exp(z))",
        "exp(log(z)*2)",
        "1/(1+1/z)",
        "z*log(2)*2^z",
        "((z+1)/2)^2",
        "z - -y",
        "2*(z+1)+2*(z+1)",
        "where(z > 0, z/(1+z), z/(1-z))",
    ] {
        println!("{text:50} {}", form(text, &[]));
    }
}
