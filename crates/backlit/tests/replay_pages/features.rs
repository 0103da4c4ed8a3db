//! Every row of the list of what the notebooks describe or do, and where it stands on the page: words or an equation that must
//! be there. A row without evidence fails.

use super::words;
use backlit::replay;

/// How many rows the list has for each notebook, in the order of [`EVIDENCE`].
const ROWS: [(&str, usize); 4] = [("explicit", 38), ("houses", 52), ("mazur", 36), ("relu", 38)];

/// Number of the row, and what must stand on the page. Parts of one row are parted by ` & `.
const EVIDENCE: [&[(usize, &str)]; 4] = [EXPLICIT, HOUSES, MAZUR, RELU];

const EXPLICIT: &[(usize, &str)] = &[
    (1, "with every partial derivative calculated explicitly"),
    (2, "Matt Mazur's step-by-step explanation (http://mattmazur.com/2015/03/17/a-step-by-step-backpropagation-example)"),
    (3, "flot (plots for jQuery) and d3 3.4.8 & A plot of error (logarithmic) against passes (logarithmic)"),
    (4, "A scrolling output area, at most 1000 pixels high. & scrolls in a box of its own"),
    (5, "A bridge to the browser: json, time, Javascript and display"),
    (6, "alpha is the step size multiplier & alpha = 10"),
    (7, "sigmoid(x) = 1/(1 + exp(−x)) & layer1_outputs[0] = 1/(1 + exp(−layer1_inputs[0])) = 1/(1 + exp(−(−0.400690653))) = 0.401146414"),
    (8, "sigmoid_output_derivative(output) & = output · (1 − output)"),
    (9, "X = [[0, 0, 1]]"),
    (10, "Y = [[0]]"),
    (11, "MT19937 generator after np.random.seed(2)"),
    (12, "W0[0][0] = 2 · u[0] − 1 = 2 · 0.435994902 − 1 = −0.128010196 & W0, 3 × 4, comes first"),
    (13, "the loop makes 60000 of them over the same example"),
    (14, "layer0 = X"),
    (15, "layer1_inputs[0] = layer0[0] · W0[0][0] + layer0[1] · W0[1][0] + layer0[2] · W0[2][0] = 0 · & layer1_outputs[3] = 1/(1 +"),
    (16, "layer2_inputs[0] = layer1_outputs[0] · W1[0] + & layer2_outputs[0] = 1/(1 + exp(−layer2_inputs[0])) = 1/(1 + exp("),
    (17, "There are no biases; the third input, always 1"),
    (18, "the effect on ErrorT of changing W1[0]: d_ErrorT/d_W1[0] & the effect on ErrorT of changing W1[3]: d_ErrorT/d_W1[3]"),
    (19, "d_ErrorT/d_W1[0] = d_ErrorT/d_layer2_outputs[0] · d_layer2_outputs[0]/d_layer2_inputs[0] · d_layer2_inputs[0]/d_W1[0]"),
    (20, "the total, ErrorT, is the sum over them & ErrorT = 0.5(Y − layer2_outputs[0])² = 0.5 · (0 − 0.415164236)² = 0.086180672"),
    (21, "= 2 · 0.5 · (Y − layer2_outputs[0])²⁻¹ · (−1) = 1(Y − layer2_outputs[0]) · (−1) = −(Y − layer2_outputs[0]) ="),
    (22, "d_ErrorT_d_layer_2_outputs = -(Y - layer2_outputs[0]) & −(0 − 0.415164236) = 0.415164236"),
    (23, "layer2_outputs[0] · (1 − layer2_outputs[0]) = 0.415164236 · (1 − 0.415164236) = 0.242802893"),
    (
        24,
        "all the other terms are constants and go to 0 & = 1 · layer1_outputs[0] · W1[0]¹⁻¹ + 0 + 0 + 0 = layer1_outputs[0] = 0.401146414",
    ),
    (25, "d_layer2_inputs_d_layer1_weights in a loop & d_layer2_inputs[0]/d_W1[3] = layer1_outputs[3] = 0.514566924"),
    (26, "d_layer2_inputs[0]/d_W1[0] = 0.415164236 · 0.242802893 · 0.401146414 = 0.040436793"),
    (27, "W1_deltas[0] = alpha · d_ErrorT/d_W1[0] = 10 · 0.040436793 = 0.404367932"),
    (
        28,
        "Each of the four hidden nodes has its own share & d_ErrorT/d_W0[0][0] = d_ErrorT/d_layer1_outputs[0] · d_layer1_outputs[0]/d_layer1_inputs[0] · d_layer1_inputs[0]/d_W0[0][0]",
    ),
    (
        29,
        "The first two factors are known & d_layer2_inputs[0]/d_layer1_outputs[0] = 0.415164236 · 0.242802893 · (−0.730840109) = −0.073670932",
    ),
    (30, "All four are W1 turned on its side & d_layer2_inputs[0]/d_layer1_outputs[0] = W1[0] = −0.730840109"),
    (31, "d_layer1_outputs_d_layer1_inputs & layer1_outputs[3] · (1 − layer1_outputs[3]) = 0.514566924 · (1 − 0.514566924) = 0.249787805"),
    (32, "the same for each of the four nodes, d_layer1_inputs_d_W0 & d_layer1_inputs[0]/d_W0[2][0] = layer0[2] = 1"),
    (33, "is a product of five factors & = 0.415164236 · 0.242802893 · (−0.730840109) · 0.240227969 · 1 = −0.017697818"),
    (34, "W0_deltas[2][0] = alpha · d_ErrorT/d_W0[2][0] = 10 · (−0.017697818) = −0.176978184"),
    (
        35,
        "Only with both gradients known do both matrices move & W1[0]ⁿᵉʷ = W1[0] − W1_deltas[0] = −0.730840109 − 0.404367932 = −1.135208041",
    ),
    (
        36,
        "Every 5000 passes it prints & Error: 0.415164 Error: 0.002024 Error: 0.001403 Error: 0.001133 Error: 0.000974 Error: 0.000866 Error: \
          0.000787 Error: 0.000726 Error: 0.000677 Error: 0.000637 Error: 0.000603 Error: 0.000573",
    ),
    (37, "Each of the three now by itself. & Take the derivative of ErrorT by the output & The net input is a sum of products"),
    (38, "Weights that lead from inputs that are always 0 never move & · 0.240227969 · 0 = 0.000000000"),
];

const HOUSES: &[(usize, &str)] = &[
    (1, "takes a network as a chain of functions & until nothing gets better any more, or for a fixed number of rounds"),
    (2, "x = the input & (1) the weighted input & (2) what the layer gives out & (3) the cost"),
    (3, "z(x) = w · x + b & z^L3 = w₁^L3 · a₁^L2 + w₂^L3 · a₂^L2 + w₃^L3 · a₃^L2 + b^L3 = 0.1519 · (−106.6544) +"),
    (4, "a(z) = linear, relu, sigmoid or any other activation"),
    (5, "C(a) = (1/2)||y − a||² & C = 1/2 · (y − a^L3)² = 1/2 · (24.0 − 431.2341)² = 82919.8243"),
    (6, "The weight rolls down this slope & What sign and size mean. ∂C/∂w says how much the cost changes & how steep the hill is"),
    (7, "∂z/∂w = x & ∂z/∂b = 1 & ∂a/∂z = a′(z) & ∂C/∂a = a − y"),
    (8, "linear(z) = z & linear′(z) = 1"),
    (9, "relu(z) = {z if z > 0; 0 if z ≤ 0} & relu′(z) = {1 if z > 0; 0 if z ≤ 0} & 1 -1.9307 0.0000 0"),
    (10, "σ(z) = 1/(1 + e⁻ᶻ) & σ′(z) = σ(z) · (1 − σ(z)) = 0.5277 · (1 − 0.5277) = 0.2492"),
    (11, "∂C/∂w = ∂C/∂a · ∂a/∂z · ∂z/∂w = x · a′(z) · (a − y) & ∂C/∂b = ∂C/∂a · ∂a/∂z · ∂z/∂b = a′(z) · (a − y)"),
    (12, "one may read them as cancelling & above and below cancel from one to the next"),
    (13, "For another activation only a′(z) changes"),
    (14, "506 houses, 13 features each, and the price in thousands of dollars & CRIM & LSTAT 4.98"),
    (15, "dict_keys(['data', 'target', 'feature_names', 'DESCR', 'filename']) & :Number of Instances: 506 & - TAX"),
    (16, "13 features, 13 weights, one bias, one neuron: the price."),
    (17, "Layer(num_inputs, num_neurons) holds a row of weights for each neuron and a column for each input"),
    (18, "one bias for each neuron. All are drawn uniformly between -1 and 1, the weights first"),
    (19, "predict is the weighted input & z = Σ[i = 1 … 13] wᵢ · xᵢ + b = −29.5582"),
    (20, "predicted price: $296500.06, actual price: $32200.00"),
    (
        21,
        "how the weighted input answers to a weight & how the weighted input answers to the bias & how the activation answers to the weighted \
          input & how the cost answers to the activation",
    ),
    (
        22,
        "For a weight multiply 1, 3 and 4; for a bias 2, 3 and 4 & Take the mean over the examples. & Multiply it with the learning rate. & \
          Subtract that",
    ),
    (23, "Without the factors 1 two are left to find, ∂z/∂w = x and ∂C/∂a = a − y & = (a − y) · 1 · x = x · (a − y)"),
    (24, "NumPy subtracts and multiplies whole arrays element by element & ∂C/∂b = (1/506) Σ[houses] (a − y) = −71.1899"),
    (25, "the rate 0.0000008 & Other learning rates & diverges above = 6.389402014720"),
    (26, "find_cost is half the squared error of one example & C = 1/2 · (y − a)² = 1/2 · (24.0 − (−29.5582))² = 1434.2387"),
    (27, "get_predictions runs a predictor over a set of houses"),
    (28, "find_avg_cost is the mean of the costs & The means of the last two columns are 188291.48, as printed"),
    (29, "evaluate_predictor prints it for ten houses in a row & predicted actual --------------------- 677.19 18.40"),
    (30, "====== BEFORE TRAINING ====== cost: 188291.48 & ====== AFTER TRAINING ====== cost: 258.20"),
    (31, "One layer, 200 iterations over all houses & A plot of mean cost over 506 houses (logarithmic) against iterations"),
    (32, "one of 506 × 13, a row for each house and a column for each weight & by column for the weights & ∂C/∂w_RM = (1/506) Σ[houses]"),
    (33, "cost: 258.20 predicted actual --------------------- -14.63 20.10 & 13.28 14.60"),
    (34, "Two layers as a chain: what the first gives out is what the second takes in."),
    (35, "∂z/∂a = w & As steeply as the weight says"),
    (36, "w^L1 and b^L1 belong to layer 1, and so does a^L1"),
    (37, "∂C/∂w^L1 = ∂C/∂a^L2 · ∂a^L2/∂z^L2 · ∂z^L2/∂a^L1 · ∂a^L1/∂z^L1 · ∂z^L1/∂w^L1 & ∂a^L1/∂z^L1 · ∂z^L1/∂b^L1"),
    (38, "∂C/∂w^L2 = ∂C/∂a^L2 · ∂a^L2/∂z^L2 · ∂z^L2/∂w^L2 & ∂C/∂b^L2 = ∂C/∂a^L2 · ∂a^L2/∂z^L2 · ∂z^L2/∂b^L2"),
    (39, "Two layers are no limit: each further layer adds its two links"),
    (40, "= (a^L2 − Y) · 1 · w^L2 · 1 · x = (a^L2 − Y) · w^L2 · x & ∂C/∂w^L1 = ((w^L2)ᵀ(a^L2 − Y))xᵀ & which is the wrong sign (D1.3)"),
    (41, "∂C/∂w^K = ∂z^K/∂w^K · ∂a^K/∂z^K · (∏[l = K + 1 … N] ∂zˡ/∂aˡ⁻¹ · ∂aˡ/∂zˡ) · ∂C/∂a^N 1 ≤ K < N"),
    (42, "Read aloud & The two terms on the left & The term in the middle & The last term says & ∏ multiplies all"),
    (43, "da_dz = 1 stands for the slope of the linear activation & get_dC_da(a, y) returns a - y"),
    (44, "Network(*layers) takes its layers & in dz_dw each layer's input & in dz_db and da_dz ones & in dz_da its weights"),
    (45, "Network.predict sends a house through one layer after the other and stores each layer's input"),
    (46, "13-5-3-1: house 0 on its way through the net of seed 0."),
    (
        47,
        "∂C/∂a^L2 = (w^L3)ᵀ · δ^L3 = [[0.1519], [0.8586], [−0.3629]] · [[407.2341]] = [[61.8560], [349.6481], [−147.7698]] & δ^L2 = ∂C/∂a^L2 ⊙ \
          ∂a^L2/∂z^L2",
    ),
    (48, "get_next_to_end & ∂C/∂a^L1 = (w^L2)ᵀ · (w^L3)ᵀ · δ^L3 ="),
    (49, "An epoch is one walk through all the houses"),
    (50, "each house goes forward and backward by itself, the last layer apart & ∂C/∂w^L2 = δ^L2 · (a^L1)ᵀ ="),
    (51, "added up over the houses, divided by their number & (b^L3)⁺ = b^L3 − η · ∂C/∂b^L3 = 0.33482076 − 8×10⁻⁷ · 470.2084 = 0.33444459"),
    (52, "cost: 1998.15 & cost: 51.36 & 41.57 22.80 & against epochs"),
];

const MAZUR: &[(usize, &str)] = &[
    (1, "The 2-2-2 network with its weights & i1 to h1 (w1 = 0.15)"),
    (2, "net_h1 = w₁ · i₁ + w₂ · i₂ + b₁ · 1 = & net_h2 = w₃ · i₁ + w₄ · i₂ + b₁ · 1 ="),
    (3, "i1, i2 = 0.05, 0.1 & w8 = 0.55 & b2 = 0.6 & target_o1, target_o2 = 0.01, 0.99"),
    (4, "(0.3775, 0.39249999999999996)"),
    (5, "out_h1 = 1/(1 + e^(−net_h1)) = 1/(1 + e^(−0.3775)) = 0.593269992"),
    (6, "e ** (-x)"),
    (7, "(0.5932699921071872, 0.596884378259767)"),
    (
        8,
        "net_o1 = w₅ · out_h1 + w₆ · out_h2 + b₂ · 1 = 0.4 · 0.593269992 + 0.45 · 0.596884378 + 0.6 · 1 = 1.105905967 & (1.10590596705977, \
         1.2249214040964653)",
    ),
    (9, "out_o1 = 1/(1 + e^(−net_o1)) = 1/(1 + e^(−1.105905967)) = 0.75136507 & (0.7513650695523157, 0.7729284653214625)"),
    (
        10,
        "E_o1 = 1/2 · (target_o1 − out_o1)² = 1/2 · (0.01 − 0.75136507)² = 0.274811083 & = 0.023560026 & E_total = Σₒ 1/2 · (targetₒ − outₒ)² = \
          E_o1 + E_o2 = 0.274811083 + 0.023560026 = 0.298371109 & 0.2983711087600027",
    ),
    (11, "Every weight is to move so that the outputs come nearer to their targets"),
    (12, "∂E_total/∂w₅ = ∂E_total/∂out_o1 · ∂out_o1/∂net_o1 · ∂net_o1/∂w₅ by the chain rule"),
    (13, "The backward pass for w5. & ∂net_o1/∂w5, = 0.593269992"),
    (14, "∂E_total/∂out_o1 = 2 · 1/2 · (target_o1 − out_o1)²⁻¹ · (−1) + 0 = −(target_o1 − out_o1) = −(0.01 − 0.75136507) = 0.74136507"),
    (15, "∂out_o1/∂net_o1 = out_o1 · (1 − out_o1) = 0.75136507 · (1 − 0.75136507) = 0.186815602"),
    (16, "∂net_o1/∂w₅ = 1 · out_h1 · w₅¹⁻¹ + 0 + 0 = out_h1 = 0.593269992"),
    (17, "∂net_o1/∂w₅ = 0.74136507 · 0.186815602 · 0.593269992 = 0.082167041"),
    (18, "delta rule (https://en.wikipedia.org/wiki/Delta_rule) & ∂E_total/∂w₅ = −(target_o1 − out_o1) · out_o1 · (1 − out_o1) · out_h1 ="),
    (
        19,
        "the node delta & δ_o1 = ∂E_total/∂out_o1 · ∂out_o1/∂net_o1 = ∂E_total/∂net_o1 & ∂E_total/∂w₅ = δ_o1 · out_h1 = 0.138498562 · 0.593269992 = \
          0.082167041",
    ),
    (20, "leave the minus out of delta & ∂E_total/∂w₅ = −δ′_o1 · out_h1 ="),
    (21, "w₅⁺ = w₅ − η · ∂E_total/∂w₅ = 0.4 − 0.5 · 0.082167041 = 0.35891648"),
    (22, "= 0.408666186 & = 0.511301270 & = 0.561370121"),
    (23, "the weights change only when the new ones of the hidden layer are known"),
    (24, "(0.13849856162855695, -0.038098236516556236) & (0.08216704056423077, & 0.35891647971788465"),
    (25, "∂E_total/∂w₁ = ∂E_total/∂out_h1 · ∂out_h1/∂net_h1 · ∂net_h1/∂w₁"),
    (26, "The backward pass for the hidden layer."),
    (27, "so it acts on both errors & ∂E_total/∂out_h1 = ∂E_o1/∂out_h1 + ∂E_o2/∂out_h1"),
    (
        28,
        "∂E_o1/∂net_o1 = ∂E_o1/∂out_o1 · ∂out_o1/∂net_o1 = 0.74136507 · 0.186815602 = 0.138498562 & ∂net_o1/∂out_h1 = w₅ = 0.40 & \
          0.138498562 · 0.40 = 0.055399425 & = −0.019049118 & 0.055399425 + (−0.019049118) = 0.036350306",
    ),
    (29, "∂out_h1/∂net_h1 = out_h1 · (1 − out_h1) = 0.59326999 · (1 − 0.59326999) = 0.241300709 & ∂net_h1/∂w₁ = i₁ = 0.05"),
    (30, "0.036350306 · 0.241300709 · 0.05 = 0.000438568"),
    (
        31,
        "(Σₒ ∂E_total/∂outₒ · ∂outₒ/∂netₒ · ∂netₒ/∂out_h1) · ∂out_h1/∂net_h1 · ∂net_h1/∂w₁ = (Σₒ δₒ · w_ho) · out_h1 · (1 − out_h1) · i₁ = & \
          ∂E_total/∂w₁ = δ_h1 · i₁ =",
    ),
    (32, "w₁⁺ = w₁ − η · ∂E_total/∂w₁ = 0.15 − 0.5 · 0.000438568 = 0.149780716 & = 0.19956143 & = 0.24975114 & = 0.29950229"),
    (33, "error before = 0.298371109 error after the first round = 0.291027924 & = 0.291027774 after the first round"),
    (
        34,
        "error after 10,000 rounds = 0.0000351085 & = 0.0000351019 after 10,000 rounds & out_o1 after 10,000 rounds = 0.015912196 (target 0.01) & A \
          plot of E_total",
    ),
    (
        35,
        "leaves them out of every update & ∂E_total/∂b₁ = δ_h1 · 1 + δ_h2 · 1 = 0.008771355 · 1 + 0.009954255 · 1 = 0.018725609 & b₁⁺ = b₁ = 0.35",
    ),
    (36, "Each formula stands first in symbols, then with its numbers"),
];

const RELU: &[(usize, &str)] = &[
    (1, "the vector of its partial derivatives & ∇f = (∂f/∂x₀, ∂f/∂w₀, …, ∂f/∂b) & the chain rule makes each of these a product"),
    (2, "x = [1.0, -2.0, 3.0] & w = [-3.0, -1.0, 2.0] & b = 1.0"),
    (3, "(n_samples, num_features) · (num_features, n_neurons) = (n_samples, n_neurons) & (1, 3) · (3, 1) = (1, 1)"),
    (4, "input_weights[0] = x₀ · w₀ = 1.0 · (−3.0) = −3.0 & [-3.0, 2.0, 6.0]"),
    (
        5,
        "z = input_weights[0] + input_weights[1] + input_weights[2] + b = −3.0 + 2.0 + 6.0 + 1.0 = 6.0 & y = max(z, 0) = max(6.0, 0) = 6.0",
    ),
    (6, "d relu/d z = {1 if z > 0; 0 otherwise}"),
    (7, "The gradient from the next layer is made up, dvalue = 1 & the derivative of the next layer is: 1.0"),
    (
        8,
        "drelu_dz = dvalue · ({1 if z > 0; 0 otherwise}) = 1.0 · ({1 if 6.0 > 0; 0 otherwise}) = 1.0 & the chain rule of the next layer with the \
         current: 1.0",
    ),
    (9, "drelu_dwx0 ReLU with respect to the first product & drelu_dwx1 ReLU & drelu_dwx2 ReLU & drelu_db ReLU with respect to the bias"),
    (10, "f(x, y) = x + y & ∂f(x, y)/∂x = 1 & ∂f(x, y)/∂y = 1 & dsum_dxw0 = 1 & dsum_db = 1"),
    (11, "drelu_dwx2 = dsum_dxw2 · drelu_dz = 1 · 1.0 = 1.0 & partial derivative of the reLU function wrt the bias 1.0"),
    (12, "f(x, y) = x · y & ∂f(x, y)/∂x = y & ∂f(x, y)/∂y = x"),
    (13, "dmul_dx0 = w₀ = −3.0 & dmul_dw1 = x₁ = −2.0 & dmul_dw2 = x₂ = 3.0"),
    (
        14,
        "drelu_dx0 = drelu_dwx0 · dmul_dx0 = 1.0 · (−3.0) = −3.0 & drelu_dw2 = drelu_dwx2 · dmul_dw2 = 1.0 · 3.0 = 3.0 & with resepct to the input \
          0: -3.0",
    ),
    (15, "it adds a small negative fraction of the gradient & w₀ⁿᵉʷ = w₀ + fraction · drelu_dw0 = −3.0 + (−0.001 · 1.0) = −3.001"),
    (16, "[-3.0, -1.0, 2.0] 1.0 & [-3.0029999999999997, -0.994, 1.9910000000000003] 0.998"),
    (17, "Forward once more & y = max(z, 0) = max(5.956000000000001, 0) = 5.956000000000001"),
    (18, "a vector comes back instead of one number"),
    (19, "dvalues = [[1, 1, 1]] & dvalue shape: (3,)"),
    (
        20,
        "weights = [[0.2, 0.8, −0.5, 1], [0.5, 10.91, 0.26, −0.5], [−0.26, −0.27, 0.17, 0.87]] & weightsᵀ = [[0.2, 0.5, −0.26], & shape (3, 4)",
    ),
    (21, "dx0 = (weights_T[0][0] + weights_T[0][1] + weights_T[0][2]) · dvalues[0] = (0.2 + 0.5 + (−0.26)) · 1 = 0.44"),
    (22, "dinputs = dvalues · weights = [[1, 1, 1]] · & = [[0.44, 11.44, −0.07, 1.37]]"),
    (23, "dinputs = dvalues · weights = [[1, 1, 1], [2, 2, 2], [3, 3, 3]] ·"),
    (24, "layer_outputs = inputs · weights + biases = [[1, 2, 3, 2.5], & one row of biases, 1 × 3, added to every sample"),
    (25, "relu_outputs = max(0, layer_outputs) = [[4.8, 1.21, 2.385], [8.9, 0, 0.2], [1.41, 1.051, 0.026]]"),
    (26, "drelu = relu_outputs ⊙ [layer_outputs > 0] = & [[1, 1, 1], [1, 0, 1], [1, 1, 1]] ="),
    (27, "dinputs = drelu · weightsᵀ ="),
    (28, "dweights = inputsᵀ · drelu ="),
    (29, "dbiases = [[1, 1, 1]] · drelu = & = [[15.11, 2.261, 2.611]]"),
    (
        30,
        "weights[0][0]ⁿᵉʷ = weights[0][0] + fraction · dweights[0][0] = 0.2 + (−0.001 · 20.485) = 0.179515 & [[1.98489 2.997739 0.497389]]",
    ),
    (
        31,
        "Dense_Layer(num_features, num_neurons) starts with weights of 0.01 times a normal draw & weights[0][0] = 0.01 · randn[0] = 0.01 · 1.76405235 \
          = 0.01764052 & biases = [[0, 0, 0]]",
    ),
    (32, "forward multiplies, adds and keeps the samples & outputs = samples · weights + biases ="),
    (33, "dweights = samplesᵀ · dvalues = & dinputs = dvalues · weightsᵀ = & dbiases = [[1, 1, 1]] · dvalues ="),
    (34, "reLU keeps its inputs"),
    (35, "it copies the gradient and sets it to 0 where the input was not above 0 & drelu = dvalues ⊙ [layer_outputs > 0] ="),
    (36, "current biases: [[2. 3. 0.5]] & current bias: [[6 6 6]] & current inputs: [[ 0.44 -0.38 -0.07 1.37]"),
    (37, "single numbers with as few digits as read back the same & arrays of integers without points"),
    (38, "The notebook announces the loss function for later"),
];

#[test]
fn every_row_of_the_list_has_its_place_on_a_page() {
    for ((name, rows), evidence) in ROWS.into_iter().zip(EVIDENCE) {
        let text = words(&replay::replay(name).unwrap().document);
        let listed: Vec<usize> = evidence.iter().map(|(row, _)| *row).collect();
        assert_eq!(listed, (1..=rows).collect::<Vec<_>>(), "{name}: a row of the list has no evidence");
        let missing: Vec<String> = evidence
            .iter()
            .flat_map(|(row, parts)| parts.split(" & ").map(move |part| (row, part.split_whitespace().collect::<Vec<_>>().join(" "))))
            .filter(|(_, part)| !text.contains(part))
            .map(|(row, part)| format!("row {row}: {part}"))
            .collect();
        assert!(missing.is_empty(), "{name}:\n{}", missing.join("\n"));
    }
}

/// Pictures and plots of the list, each with its title.
#[test]
fn the_pictures_are_drawn() {
    let titles: [&[&str]; 4] = [
        &["The 3-4-1 network in its first pass", "Error over 60,000 passes"],
        &[
            "One layer with one neuron",
            "Cost of the one-layer net",
            "Two layers as a chain",
            "The 13-5-3-1 network",
            "Cost of the 13-5-3-1 net",
        ],
        &["The 2-2-2 network", "The backward pass for w5", "The backward pass for the hidden layer", "Error over 10,000 rounds"],
        &["The neuron"],
    ];
    for ((name, _), titles) in ROWS.into_iter().zip(titles) {
        let document = replay::replay(name).unwrap().document;
        let drawn: Vec<(&str, &str)> = document
            .blocks
            .iter()
            .filter_map(|block| match block {
                backlit::document::Block::Figure { svg, alternative, .. } => Some((svg.as_str(), alternative.as_str())),
                _ => None,
            })
            .collect();
        assert_eq!(drawn.len(), titles.len(), "{name}");
        for (title, (svg, alternative)) in titles.iter().zip(drawn) {
            assert!(alternative.starts_with(title) && svg.starts_with("<svg") && svg.contains("<text"), "{name}: {title}");
        }
    }
}
